// Drives a Verilated encoder at full speed: AXI4-Stream in and out, taps recorded, memories open to a back door.
// Called from Python through ctypes (sim/batch.py), which owns all meaning; here are only cycles and bytes.

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "Vsim.h"
#include "verilated.h"
#include "verilated_syms.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif
#if VM_COVERAGE
#include "verilated_cov.h"
#endif

namespace {

enum Outcome { kDone = 0, kStuck = 1, kOutOfCycles = 2, kUnstable = 3 };

// Two-state chain: pauses begin with probability `enter` and end with probability `leave` each cycle.
class Pauses {
public:
    void set(uint64_t seed, double enter, double leave) {
        state_ = seed * 0x9E3779B97F4A7C15ull | 1;
        enter_ = limit(enter);
        leave_ = limit(leave);
        pausing_ = false;
    }
    bool next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        const uint64_t draw = state_ >> 32;
        pausing_ = pausing_ ? draw >= leave_ : draw < enter_;
        return pausing_;
    }

private:
    static uint64_t limit(double probability) { return static_cast<uint64_t>(probability * 4294967296.0); }
    uint64_t state_ = 1, enter_ = 0, leave_ = 1ull << 32;
    bool pausing_ = false;
};

struct Tap {
    unsigned word, elements, width;
    bool is_signed;
    uint64_t transfers = 0;
    std::vector<uint8_t> values;  // 1 byte an element up to 8 bits, else 4 bytes, little-endian

    void record(const uint32_t* payload) {
        ++transfers;
        const size_t bytes = width <= 8 ? 1 : 4;
        const size_t at = values.size();
        values.resize(at + elements * bytes);
        if (width == 8) {
            std::memcpy(&values[at], payload + word, elements);
            return;
        }
        for (unsigned n = 0; n < elements; ++n) {
            const unsigned bit = n * width;
            uint64_t window = payload[word + bit / 32];
            if (bit % 32 + width > 32) window |= static_cast<uint64_t>(payload[word + bit / 32 + 1]) << 32;
            uint32_t value = static_cast<uint32_t>(window >> (bit % 32));
            if (width < 32) value &= (1u << width) - 1;
            if (is_signed && width < 32 && value >> (width - 1)) value |= ~0u << width;
            std::memcpy(&values[at + n * bytes], &value, bytes);
        }
    }
};

// A beat of a channel of AXI4-Lite: offered at some time, and then until it is taken.
class Offer {
public:
    bool offered(Pauses& pauses) { return offered_ = !taken_ && (offered_ || !pauses.next()); }
    void observe(bool ready) { taken_ = taken_ || (offered_ && ready); }

private:
    bool offered_ = false, taken_ = false;
};

// Reads of a memory, counted by the word that its port is asked for.
struct Reads {
    const uint8_t* enable;
    const VerilatedVar* address;
    std::vector<uint64_t> counts;

    void observe() {
        if (*enable == 0) return;
        uint64_t word = 0;
        std::memcpy(&word, address->datap(), address->entSize());  // little-endian
        if (word < counts.size()) ++counts[word];
    }
};

class Simulation {
public:
    Simulation(int seed, const char* trace) : context_(new VerilatedContext) {
        context_->randReset(2);
        context_->randSeed(seed);
        context_->traceEverOn(trace != nullptr);
        model_.reset(new Vsim(context_.get(), "TOP"));
#if VM_TRACE
        if (trace != nullptr) {
            trace_.reset(new VerilatedVcdC);
            model_->trace(trace_.get(), 99);
            trace_->open(trace);
        }
#endif
        reset(4);
    }

    ~Simulation() {
#if VM_TRACE
        if (trace_) trace_->close();
#endif
        model_->final();
    }

    void add_tap(const Tap& tap) { taps_.push_back(tap); }

    // Count the reads of a memory from now on; false if the port is not visible.
    bool add_reads(const char* scope, const char* enable, const char* address, uint64_t words) {
        const VerilatedVar* const on = variable(scope, enable);
        const VerilatedVar* const at = variable(scope, address);
        if (on == nullptr || at == nullptr || on->entSize() != 1 || at->entSize() > 8) return false;
        reads_.push_back(Reads{static_cast<const uint8_t*>(on->datap()), at, std::vector<uint64_t>(words)});
        return true;
    }
    // Of the input, the output, or the accesses.
    void set_pauses(unsigned of, uint64_t seed, double enter, double leave) {
        (of == 1 ? idle_ : of == 0 ? stall_ : access_).set(seed, enter, leave);
    }

    void reset(unsigned cycles) {
        model_->aresetn = 0;
        model_->s_axis_tvalid = 0;
        model_->s_axis_tlast = 0;
        model_->s_axis_tdata = 0;
        model_->s_axis_tuser = 0;
        model_->m_axis_tready = 0;
        model_->s_axil_awvalid = model_->s_axil_wvalid = model_->s_axil_arvalid = 0;
        model_->s_axil_awprot = model_->s_axil_arprot = 0;
        model_->s_axil_wstrb = 15;
        model_->s_axil_bready = model_->s_axil_rready = 1;
        for (unsigned n = 0; n < cycles; ++n) {
            settle();
            rise();
        }
        model_->aresetn = 1;
        codes_.clear();
        last_.clear();
        users_.clear();
        accepted_.clear();
        bytes_.clear();
        ends_.clear();
        sent_.clear();
        frames_ = asleep_ = 0;
        offering_ = held_ = false;
        for (Tap& tap : taps_) {
            tap.values.clear();
            tap.transfers = 0;
        }
    }

    // One AXI4-Lite write of the bytes in `strobe`; false if it is refused, or not answered within 1000 cycles.
    bool write(uint32_t address, uint32_t value, unsigned strobe) {
        Offer at, what;
        model_->s_axil_awaddr = address;
        model_->s_axil_wdata = value;
        model_->s_axil_wstrb = strobe;
        for (unsigned n = 0; n < 1000; ++n) {
            model_->s_axil_awvalid = at.offered(access_);
            model_->s_axil_wvalid = what.offered(access_);
            model_->s_axil_bready = !access_.next();
            drive();
            const bool answered = model_->s_axil_bvalid && model_->s_axil_bready;
            const bool refused = model_->s_axil_bresp != 0;
            at.observe(model_->s_axil_awready);
            what.observe(model_->s_axil_wready);
            if (!observe()) return false;
            rise();
            if (answered) return !refused;
        }
        return false;
    }

    // Two AXI4-Lite writes, the second offered for some cycles while the answer to the first waits; false if it is taken
    // then, or one is refused or not answered.
    bool write_twice(const uint32_t* address, const uint32_t* value, unsigned wait) {
        unsigned taken = 0, answered = 0;
        model_->s_axil_wstrb = 15;
        for (unsigned n = 0; n < 1000 && answered < 2; ++n) {
            model_->s_axil_awvalid = model_->s_axil_wvalid = taken < 2;
            if (taken < 2) {
                model_->s_axil_awaddr = address[taken];
                model_->s_axil_wdata = value[taken];
            }
            model_->s_axil_bready = taken > 0 && wait == 0;
            if (taken > 0 && wait > 0) --wait;
            drive();
            const bool waits = model_->s_axil_bvalid, answer = waits && model_->s_axil_bready;
            const bool take = model_->s_axil_awvalid && model_->s_axil_awready && model_->s_axil_wready;
            if ((answer && model_->s_axil_bresp != 0) || (take && waits && !answer)) return false;
            if (!observe()) return false;
            rise();
            taken += take;
            answered += answer;
        }
        model_->s_axil_awvalid = model_->s_axil_wvalid = 0;
        model_->s_axil_bready = 1;
        return answered == 2;
    }

    // One AXI4-Lite read; -1 if it is refused, or not answered within 1000 cycles. Bytes that leave meanwhile count.
    int64_t read(uint32_t address) {
        Offer at;
        model_->s_axil_araddr = address;
        for (unsigned n = 0; n < 1000; ++n) {
            model_->s_axil_arvalid = at.offered(access_);
            model_->s_axil_rready = !access_.next();
            drive();
            const bool answered = model_->s_axil_rvalid && model_->s_axil_rready;
            at.observe(model_->s_axil_arready);
            const int64_t value = model_->s_axil_rresp != 0 ? -1 : static_cast<int64_t>(model_->s_axil_rdata);
            if (!observe()) return -1;
            rise();
            if (answered) return value;
        }
        return -1;
    }

    // Samples, each with whether it is its spike's last, and with its spike's channel and time.
    void feed(const int16_t* codes, const uint8_t* last, const uint64_t* users, uint64_t count) {
        codes_.insert(codes_.end(), codes, codes + count);
        last_.insert(last_.end(), last, last + count);
        users_.insert(users_.end(), users, users + count);
    }

    // Run until `frames` frames have left since reset, nothing moved for `patience` cycles, or `limit` cycles passed.
    int advance(uint64_t frames, uint64_t patience, uint64_t limit) {
        quiet_ = 0;
        for (uint64_t n = 0; n < limit; ++n) {
            if (frames_ >= frames) return kDone;
            if (quiet_ > patience) return kStuck;
            drive();
            ++quiet_;
            if (!observe()) return kUnstable;
            rise();
        }
        return frames_ >= frames ? kDone : kOutOfCycles;
    }

    // Byte of a memory word, or null.
    uint8_t* memory(const char* scope, const char* name, uint64_t word, unsigned byte) {
        VerilatedVar* const array = variable(scope, name);
        if (array == nullptr || array->udims() != 1) return nullptr;
        if (word >= static_cast<uint64_t>(array->elements(1)) || byte >= array->entSize()) return nullptr;
        return static_cast<uint8_t*>(array->datap()) + word * array->entSize() + byte;
    }

    // Set a register of 64 bits at most; false if it is not visible.
    bool preset(const char* scope, const char* name, uint64_t value) {
        VerilatedVar* const own = variable(scope, name);
        if (own == nullptr || own->udims() != 0 || own->entSize() > sizeof value) return false;
        std::memcpy(own->datap(), &value, own->entSize());  // little-endian
        return true;
    }

    bool write_coverage(const char* path) {
#if VM_COVERAGE
        context_->coveragep()->write(path);
        return true;
#else
        return path == nullptr;
#endif
    }

    uint64_t cycle_ = 0, frames_ = 0, quiet_ = 0, asleep_ = 0;
    std::vector<uint64_t> accepted_, sent_;  // cycle of each input beat and output byte
    std::vector<uint8_t> bytes_, ends_;
    std::vector<Tap> taps_;
    std::vector<Reads> reads_;

private:
    VerilatedVar* variable(const char* scope, const char* name) {
        const VerilatedScope* const found = context_->scopeFind((std::string("TOP.") + scope).c_str());
        return found != nullptr ? found->varFind(name) : nullptr;
    }

    // Offer the next beat and readiness, and let the signals settle before the clock rises.
    void drive() {
        const bool more = accepted_.size() < codes_.size();
        // A beat once offered stays until it is taken, as AXI demands.
        offering_ = more && (offering_ || !idle_.next());
        model_->s_axis_tvalid = offering_;
        model_->s_axis_tdata = offering_ ? static_cast<uint16_t>(codes_[accepted_.size()]) : 0xDEAD;
        model_->s_axis_tlast = offering_ && last_[accepted_.size()];
        model_->s_axis_tuser = offering_ ? users_[accepted_.size()] : 0xDEADDEADDEAD;
        model_->m_axis_tready = !stall_.next();
        settle();
    }

    // What moves at this edge; false if the output breaks its rules.
    bool observe() {
        if (model_->s_axis_tvalid && model_->s_axis_tready) {
            accepted_.push_back(cycle_);
            offering_ = false;
            quiet_ = 0;
        }
        if (held_ && !(model_->m_axis_tvalid && model_->m_axis_tdata == held_byte_ && model_->m_axis_tlast == held_end_))
            return false;
        held_ = model_->m_axis_tvalid && !model_->m_axis_tready;
        held_byte_ = model_->m_axis_tdata;
        held_end_ = model_->m_axis_tlast;
        if (model_->m_axis_tvalid && model_->m_axis_tready) {
            bytes_.push_back(model_->m_axis_tdata);
            ends_.push_back(model_->m_axis_tlast);
            sent_.push_back(cycle_);
            frames_ += model_->m_axis_tlast;
            quiet_ = 0;
        }
        asleep_ += !model_->clock_request;
        for (Reads& reads : reads_) reads.observe();
        uint32_t fired = model_->tap_fire;
        if (fired != 0) {
            quiet_ = 0;
            const uint32_t* payload = model_->tap_payload.data();
            for (; fired != 0; fired &= fired - 1) taps_[__builtin_ctz(fired)].record(payload);
        }
        return true;
    }

    void settle() {
        model_->aclk = 0;
        model_->eval();
        dump(0);
    }
    void rise() {
        model_->aclk = 1;
        model_->eval();
        dump(1);
        ++cycle_;
    }
    void dump(unsigned half) {
#if VM_TRACE
        if (trace_) trace_->dump(10 * cycle_ + 5 * half);
#endif
    }

    std::unique_ptr<VerilatedContext> context_;
    std::unique_ptr<Vsim> model_;
#if VM_TRACE
    std::unique_ptr<VerilatedVcdC> trace_;
#endif
    Pauses idle_, stall_, access_;
    std::vector<int16_t> codes_;
    std::vector<uint8_t> last_;
    std::vector<uint64_t> users_;
    bool offering_ = false, held_ = false;
    uint8_t held_byte_ = 0, held_end_ = 0;
};

}  // namespace

extern "C" {

Simulation* sim_new(int seed, const char* trace) { return new Simulation(seed, trace); }
void sim_delete(Simulation* s) { delete s; }
void sim_add_tap(Simulation* s, unsigned word, unsigned elements, unsigned width, int is_signed) {
    s->add_tap(Tap{word, elements, width, is_signed != 0});
}
void sim_pauses(Simulation* s, unsigned of, uint64_t seed, double enter, double leave) {
    s->set_pauses(of, seed, enter, leave);
}
void sim_reset(Simulation* s, unsigned cycles) { s->reset(cycles); }
int sim_write(Simulation* s, uint32_t address, uint32_t value, unsigned strobe) {
    return s->write(address, value, strobe);
}
int sim_write_twice(Simulation* s, const uint32_t* address, const uint32_t* value, unsigned wait) {
    return s->write_twice(address, value, wait);
}
int64_t sim_read(Simulation* s, unsigned address) { return s->read(address); }
void sim_feed(Simulation* s, const int16_t* codes, const uint8_t* last, const uint64_t* users, uint64_t count) {
    s->feed(codes, last, users, count);
}
int sim_advance(Simulation* s, uint64_t frames, uint64_t patience, uint64_t limit) {
    return s->advance(frames, patience, limit);
}
uint64_t sim_cycle(const Simulation* s) { return s->cycle_; }
uint64_t sim_asleep(const Simulation* s) { return s->asleep_; }
uint64_t sim_frames(const Simulation* s) { return s->frames_; }
uint64_t sim_input(const Simulation* s, const uint64_t** cycles) {
    *cycles = s->accepted_.data();
    return s->accepted_.size();
}
uint64_t sim_output(const Simulation* s, const uint8_t** bytes, const uint8_t** ends, const uint64_t** cycles) {
    *bytes = s->bytes_.data();
    *ends = s->ends_.data();
    *cycles = s->sent_.data();
    return s->bytes_.size();
}
uint64_t sim_transfers(const Simulation* s, unsigned tap) { return s->taps_[tap].transfers; }
uint64_t sim_tap(const Simulation* s, unsigned tap, const uint8_t** values) {
    *values = s->taps_[tap].values.data();
    return s->taps_[tap].values.size();
}
void sim_drop(Simulation* s, unsigned tap, uint64_t bytes) {
    std::vector<uint8_t>& values = s->taps_[tap].values;
    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(bytes));
}
int sim_add_reads(Simulation* s, const char* scope, const char* enable, const char* address, uint64_t words) {
    return s->add_reads(scope, enable, address, words);
}
const uint64_t* sim_reads(const Simulation* s, unsigned memory) { return s->reads_[memory].counts.data(); }
// Write what was covered by this simulation; false if nothing is counted.
int sim_coverage(Simulation* s, const char* path) { return s->write_coverage(path); }
int sim_preset(Simulation* s, const char* scope, const char* name, uint64_t value) {
    return s->preset(scope, name, value);
}
int sim_flip(Simulation* s, const char* scope, const char* name, uint64_t word, unsigned bit) {
    uint8_t* const byte = s->memory(scope, name, word, bit / 8);
    if (byte == nullptr) return -1;
    *byte ^= static_cast<uint8_t>(1u << (bit % 8));
    return (*byte >> (bit % 8)) & 1;
}
}
