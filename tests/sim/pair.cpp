// Drives two chips with the same pins, one of which sleeps: bursts of samples, register accesses, back-pressure and
// resets at random, with gaps of all lengths. Arguments: seed, wake-ups, mask, most cycles; the script comes on stdin.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "Vsim.h"
#include "verilated.h"

namespace {

struct Access {
    uint32_t offset, value;
};

class Draw {
public:
    explicit Draw(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull | 1) {}
    uint32_t below(uint32_t limit) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return static_cast<uint32_t>((state_ >> 32) * static_cast<uint64_t>(limit) >> 32);
    }
    bool one_in(uint32_t count) { return below(count) == 0; }
    // Mostly short, at times long.
    uint32_t gap() { return one_in(100) ? below(6000) : one_in(3) ? below(12) : 40 + below(250); }

private:
    uint64_t state_;
};

class Bench {
public:
    Bench(uint64_t seed, uint32_t mask) : draw_(seed), context_(new VerilatedContext) {
        context_->randReset(2);
        context_->randSeed(static_cast<int>(seed));
        model_.reset(new Vsim(context_.get(), "TOP"));
        model_->mask = mask;
        model_->aresetn = 0;
        model_->s_axil_awprot = model_->s_axil_arprot = 0;
        model_->s_axil_wstrb = 15;
        model_->s_axis_tvalid = model_->s_axil_awvalid = model_->s_axil_wvalid = model_->s_axil_arvalid = 0;
        model_->s_axil_bready = model_->s_axil_rready = model_->m_axis_tready = 1;
        char what[16];
        unsigned long a, b;
        while (std::scanf("%15s %lu %lu", what, &a, &b) == 3) {
            const Access access{static_cast<uint32_t>(a), static_cast<uint32_t>(b)};
            if (!std::strcmp(what, "shape")) samples_ = access.offset, channels_ = access.value;
            if (!std::strcmp(what, "load")) load_.push_back(access);
            if (!std::strcmp(what, "start")) start_.push_back(access);
            if (!std::strcmp(what, "write")) writes_.push_back(access);
            if (!std::strcmp(what, "read")) reads_.push_back(access);
        }
        for (int n = 0; n < 4; ++n) edge();
        model_->aresetn = 1;
        queue_ = load_;
        queue_.insert(queue_.end(), start_.begin(), start_.end());
    }

    void run(uint64_t wakes, uint64_t limit) {
        while (wakes_ < wakes && differs_ < 0 && cycles_ < limit) {
            stream();
            bus();
            if (!pause_)
                model_->m_axis_tready = !draw_.one_in(3), pause_ = draw_.one_in(30) ? draw_.below(200) : draw_.below(4);
            else
                --pause_;
            edge();
        }
        std::printf(
            "{\"cycles\": %llu, \"asleep\": %llu, \"wakes\": %llu, \"packets\": %llu, \"reads\": %llu, "
            "\"resets\": %llu, \"differs\": %lld}\n",
            ull(cycles_), ull(asleep_), ull(wakes_), ull(packets_), ull(read_), ull(resets_),
            static_cast<long long>(differs_));
    }

private:
    static unsigned long long ull(uint64_t value) { return value; }

    // Bursts of a few spikes, with pauses between samples in some; for a compressor, frames with spikes among noise.
    void stream() {
        if (taken_ && ++at_ == length_) {
            at_ = 0;
            length_ = draw_.one_in(20) ? 1 + draw_.below(2 * samples_) : samples_;
            if (spikes_) --spikes_;
            if (!spikes_) wait_ = draw_.gap(), spikes_ = 1 + draw_.below(3), slow_ = draw_.one_in(3);
        }
        if (taken_ && slow_) wait_ += draw_.one_in(8) ? draw_.below(90) : 0;
        if (taken_ || !model_->s_axis_tvalid) {
            model_->s_axis_tvalid = wait_ == 0;
            if (wait_) --wait_;
            if (model_->s_axis_tvalid) sample();
        }
    }

    void sample() {
        if (channels_) {
            if (draw_.one_in(40 * channels_)) burst_ = 3 * channels_;
            const int loud = burst_ ? static_cast<int>(--burst_) * 60 : 0;
            model_->s_axis_tdata = static_cast<uint16_t>(static_cast<int>(draw_.below(17)) - 8 - loud);
            return;
        }
        model_->s_axis_tdata = static_cast<uint16_t>(static_cast<int>(draw_.below(401)) - 200);
        model_->s_axis_tlast = at_ + 1 == length_;
        if (at_ == 0) model_->s_axis_tuser = static_cast<uint64_t>(draw_.below(1u << 31)) << 16 | draw_.below(64);
    }

    // One access after the other; addresses and words may come apart, answers may wait.
    void bus() {
        if (!busy_) {
            if (queue_.empty() && bus_wait_) {
                --bus_wait_;
                return;
            }
            if (queue_.empty()) decide();
            if (queue_.empty()) return;
            busy_ = true;
            const Access access = queue_.front();
            queue_.erase(queue_.begin());
            reading_ = access.offset & kRead;
            model_->s_axil_wstrb = access.offset & kPart ? 3 : 15;
            model_->s_axil_awaddr = model_->s_axil_araddr = access.offset & ~(kRead | kPart);
            model_->s_axil_wdata = access.value;
            model_->s_axil_arvalid = reading_;
            const uint32_t order = reading_ ? 3 : draw_.below(3);
            model_->s_axil_awvalid = !reading_ && order != 1;
            model_->s_axil_wvalid = !reading_ && order != 2;
            late_ = order == 1 || order == 2 ? 1 + draw_.below(60) : 0;
            answer_wait_ = draw_.one_in(6) ? draw_.below(150) : 0;
        } else if (late_ && --late_ == 0) {
            model_->s_axil_awvalid = model_->s_axil_wvalid = 1;
        }
        model_->s_axil_bready = model_->s_axil_rready = answer_wait_ == 0;
        if (answer_wait_ && (model_->s_axil_bvalid || model_->s_axil_rvalid)) --answer_wait_;
    }

    void decide() {
        bus_wait_ = draw_.gap();
        if (draw_.one_in(3)) {
            queue_.push_back({reads_[draw_.below(reads_.size())].offset | kRead, 0});
        } else if (draw_.one_in(25)) {
            queue_ = start_;  // after whatever has stopped it
        } else if (draw_.one_in(200)) {
            reset_ = 1 + draw_.below(3);
        } else {
            Access access = writes_[draw_.below(writes_.size())];
            if (draw_.one_in(60)) access.offset |= kPart;
            queue_.push_back(access);
        }
    }

    // A low phase in which pins settle, then a rising edge.
    void edge() {
        if (reset_) model_->aresetn = 0;
        model_->aclk = 0;
        model_->eval();
        const bool up = model_->aresetn;
        if (up && model_->differs && differs_ < 0) differs_ = static_cast<int64_t>(cycles_);
        taken_ = model_->s_axis_tvalid && model_->s_axis_tready;
        if (busy_) {
            const bool aw = model_->s_axil_awvalid && model_->s_axil_awready;
            const bool ar = model_->s_axil_arvalid && model_->s_axil_arready;
            const bool done = (model_->s_axil_bvalid && model_->s_axil_bready && !reading_) ||
                              (model_->s_axil_rvalid && model_->s_axil_rready && reading_);
            if (done) busy_ = false, read_ += reading_;
            accepted_ = aw ? 1 : ar ? 2 : 0;
        }
        packets_ += model_->m_axis_tvalid && model_->m_axis_tready && model_->m_axis_tlast;
        const bool awake = model_->awake || !up;
        asleep_ += !awake;
        wakes_ += awake && !awake_;
        awake_ = awake;
        model_->aclk = 1;
        model_->eval();
        ++cycles_;
        if (accepted_ == 1) model_->s_axil_awvalid = model_->s_axil_wvalid = 0;
        if (accepted_ == 2) model_->s_axil_arvalid = 0;
        accepted_ = 0;
        if (reset_ && --reset_ == 0) {
            ++resets_;
            model_->aresetn = 1;
            model_->s_axis_tvalid = model_->s_axil_awvalid = model_->s_axil_wvalid = model_->s_axil_arvalid = 0;
            busy_ = taken_ = false;
            at_ = late_ = 0;
            queue_ = start_;
        }
    }

    static constexpr uint32_t kRead = 1u << 31, kPart = 1u << 30;
    Draw draw_;
    std::unique_ptr<VerilatedContext> context_;
    std::unique_ptr<Vsim> model_;
    std::vector<Access> load_, start_, writes_, reads_, queue_;
    uint32_t samples_ = 1, channels_ = 0, at_ = 0, length_ = 1, spikes_ = 1, wait_ = 0, burst_ = 0;
    uint32_t pause_ = 0, bus_wait_ = 0, answer_wait_ = 0, late_ = 0, reset_ = 0, accepted_ = 0;
    bool taken_ = false, slow_ = false, busy_ = false, reading_ = false, awake_ = true;
    uint64_t cycles_ = 0, asleep_ = 0, wakes_ = 0, packets_ = 0, read_ = 0, resets_ = 0;
    int64_t differs_ = -1;
};

}  // namespace

int main(int, char** argv) {
    Bench bench(std::strtoull(argv[1], nullptr, 10), static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 10)));
    bench.run(std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[4], nullptr, 10));
}
