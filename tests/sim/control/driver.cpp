// Plays a script of actions on a chip, and tells what its pins did, with the cycle of each event. It judges nothing.
// Script on stdin, a command a line; what happened on stdout. Argument: seed.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "Vsim.h"
#include "verilated.h"
#include "verilated_syms.h"

namespace {

using ull = unsigned long long;

// Pauses of a stream: so many of a thousand cycles begin one, of so many cycles at most.
class Pauses {
public:
    explicit Pauses(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull | 1) {}
    uint64_t chance = 0, longest = 1, left = 0;
    bool next() {
        if (left) return --left, true;
        if (!chance || draw(1000) >= chance) return false;
        left = draw(longest);
        return true;
    }

private:
    uint64_t draw(uint64_t limit) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return (state_ >> 32) * limit >> 32;
    }
    uint64_t state_;
};

struct Beat {
    int16_t code;
    bool last;
    uint64_t user;
};

class Bench {
public:
    explicit Bench(uint64_t seed) : context_(new VerilatedContext), idle_(seed), stall_(seed + 1) {
        context_->randReset(2);
        context_->randSeed(static_cast<int>(seed));
        model_.reset(new Vsim(context_.get(), "TOP"));
        model_->s_axil_awprot = model_->s_axil_arprot = 0;
        model_->s_axil_bready = model_->s_axil_rready = 1;
        reset(4);
    }

    ~Bench() { unfinished(); }

    bool play(const std::string& what) {
        if (what == "pool") {
            pool_.resize(number());
            for (int16_t& code : pool_) code = static_cast<int16_t>(number());
        } else if (what == "beats") {
            const int64_t at = number(), count = number(), last = number(), user = number();
            for (int64_t n = 0; n < count; ++n)
                beats_.push_back({pool_[(at + n) % pool_.size()], last && n + 1 == count, static_cast<uint64_t>(user)});
        } else if (what == "idle") {
            idle_.chance = number(), idle_.longest = number();
        } else if (what == "stall") {
            stall_.chance = number(), stall_.longest = number();
        } else if (what == "block") {
            stall_.left = number();
        } else if (what == "write") {
            const uint32_t offset = number(), value = number();
            write(offset, value, number());
        } else if (what == "read") {
            read(number());
        } else if (what == "until") {
            const uint32_t offset = number(), mask = number(), value = number();
            const int64_t limit = number();
            uint32_t found = 0;
            for (const uint64_t end = cycle_ + limit; cycle_ < end;) {
                found = read(offset, false);
                if ((found & mask) == value) break;
                for (int n = 0; n < 20; ++n) edge();
            }
            read(offset);
            std::printf("u %llu %d\n", ull(cycle_), (found & mask) == value);
        } else if (what == "step") {
            for (int64_t n = number(); n > 0; --n) edge();
        } else if (what == "drain") {
            for (int64_t n = number(); n > 0 && !beats_.empty(); --n) edge();
            std::printf("d %llu %d\n", ull(cycle_), beats_.empty());
        } else if (what == "flip") {
            std::string scope, name;
            std::cin >> scope >> name;
            const uint64_t word = number(), bit = number();
            uint8_t* const byte = variable(scope, name, word) + bit / 8;
            *byte ^= static_cast<uint8_t>(1u << bit % 8);
            std::printf("x %llu\n", ull(cycle_));
        } else if (what == "set") {
            std::string scope, name;
            std::cin >> scope >> name;
            const uint32_t value = number();
            std::memcpy(variable(scope, name, 0), &value, name == "sequence" ? 2 : 4);
        } else if (what == "reset") {
            reset(number());
        } else {
            return false;
        }
        return true;
    }

private:
    static int64_t number() {
        int64_t value = 0;
        std::cin >> value;
        return value;
    }

    uint8_t* variable(const std::string& scope, const std::string& name, uint64_t word) {
        const VerilatedScope* const found = context_->scopeFind(("TOP." + scope).c_str());
        VerilatedVar* const at = found ? found->varFind(name.c_str()) : nullptr;
        if (!at) {
            std::fprintf(stderr, "no variable %s in %s\n", name.c_str(), scope.c_str());
            std::exit(1);
        }
        return static_cast<uint8_t*>(at->datap()) + word * at->entSize();
    }

    // A spike of which something may be in the chip, and whose end was not taken.
    void unfinished() {
        if (offering_ || started_) std::printf("i %llu\n", ull(begun_));
    }

    void reset(int64_t cycles) {
        unfinished();
        model_->aresetn = 0;
        model_->s_axis_tvalid = model_->s_axil_awvalid = model_->s_axil_wvalid = model_->s_axil_arvalid = 0;
        model_->m_axis_tready = 0;
        beats_.clear();
        packet_.clear();
        offering_ = held_ = started_ = false;
        bytes_ = waits_ = stalls_ = 0;
        for (int64_t n = 0; n < cycles; ++n) rise();
        model_->aresetn = 1;
        std::printf("z %llu\n", ull(cycle_));
    }

    void write(uint32_t offset, uint32_t value, uint32_t strobe) {
        model_->s_axil_awaddr = offset;
        model_->s_axil_wdata = value;
        model_->s_axil_wstrb = strobe;
        model_->s_axil_awvalid = model_->s_axil_wvalid = 1;
        counts_[0] = '\0';
        uint64_t at = 0;
        for (int n = 0; n < 1000; ++n) {
            settle();
            const bool taken = model_->s_axil_awvalid && model_->s_axil_awready && model_->s_axil_wready;
            const bool answered = model_->s_axil_bvalid;
            const unsigned response = model_->s_axil_bresp;
            if (taken) at = cycle_, count();
            move();
            if (taken) model_->s_axil_awvalid = model_->s_axil_wvalid = 0;
            if (answered) {
                std::printf("w %llu %u %u %u %u %s\n", ull(at), offset, value, strobe, response, counts_);
                return;
            }
        }
        std::printf("dead write %u\n", offset);
    }

    uint32_t read(uint32_t offset, bool told = true) {
        model_->s_axil_araddr = offset;
        model_->s_axil_arvalid = 1;
        uint64_t at = 0;
        for (int n = 0; n < 1000; ++n) {
            settle();
            const bool taken = model_->s_axil_arvalid && model_->s_axil_arready;
            const bool answered = model_->s_axil_rvalid;
            const uint32_t value = model_->s_axil_rdata;
            const unsigned response = model_->s_axil_rresp;
            if (taken) at = cycle_, count();
            move();
            if (taken) model_->s_axil_arvalid = 0;
            if (answered) {
                if (told) std::printf("r %llu %u %u 15 %u %s\n", ull(at), offset, value, response, counts_);
                return value;
            }
        }
        std::printf("dead read %u\n", offset);
        return 0;
    }

    // What the pins have counted before this cycle: bytes, cycles in which a sample waited, in which a byte did.
    void count() {
        std::snprintf(counts_, sizeof counts_, "%llu %llu %llu", ull(bytes_), ull(waits_), ull(stalls_));
    }

    void edge() {
        settle();
        move();
    }

    void settle() {
        const bool offered = offering_;
        offering_ = !beats_.empty() && (offering_ || !idle_.next());
        if (offering_ && !offered && !started_) begun_ = cycle_;
        model_->s_axis_tvalid = offering_;
        if (offering_) {
            model_->s_axis_tdata = static_cast<uint16_t>(beats_.front().code);
            model_->s_axis_tlast = beats_.front().last;
            model_->s_axis_tuser = beats_.front().user;
        }
        model_->m_axis_tready = !stall_.next();
        model_->aclk = 0;
        model_->eval();
    }

    void move() {
        if (offering_ && model_->s_axis_tready) {
            if (!started_) first_ = cycle_, taken_ = 0;
            ++taken_;
            started_ = !beats_.front().last;
            if (!started_) std::printf("s %llu %llu %llu %u\n", ull(begun_), ull(first_), ull(cycle_), taken_);
            beats_.pop_front();
            offering_ = false;
        } else if (offering_) {
            ++waits_;
        }
        const bool valid = model_->m_axis_tvalid, ready = model_->m_axis_tready, last = model_->m_axis_tlast;
        if (held_ && !(valid && model_->m_axis_tdata == byte_ && last == last_)) std::printf("unstable\n");
        if (valid && !held_ && packet_.empty()) offered_ = cycle_;
        held_ = valid && !ready;
        byte_ = model_->m_axis_tdata;
        last_ = last;
        stalls_ += held_;
        if (valid && ready) {
            ++bytes_;
            packet_.push_back(byte_);
            if (last) {
                std::printf("p %llu %llu ", ull(offered_), ull(cycle_));
                for (uint8_t byte : packet_) std::printf("%02x", byte);
                std::printf("\n");
                packet_.clear();
            }
        }
        rise();
    }

    void rise() {
        model_->aclk = 0;
        model_->eval();
        model_->aclk = 1;
        model_->eval();
        ++cycle_;
    }

    std::unique_ptr<VerilatedContext> context_;
    std::unique_ptr<Vsim> model_;
    Pauses idle_, stall_;
    std::vector<int16_t> pool_;
    std::deque<Beat> beats_;
    std::vector<uint8_t> packet_;
    char counts_[80] = "";
    uint64_t cycle_ = 0, begun_ = 0, first_ = 0, offered_ = 0, bytes_ = 0, waits_ = 0, stalls_ = 0;
    uint32_t taken_ = 0;
    uint8_t byte_ = 0;
    bool offering_ = false, held_ = false, started_ = false, last_ = false;
};

}  // namespace

int main(int, char** argv) {
    Bench bench(std::strtoull(argv[1], nullptr, 10));
    std::string what;
    while (std::cin >> what) {
        if (!bench.play(what)) {
            std::fprintf(stderr, "no command %s\n", what.c_str());
            return 1;
        }
    }
}
