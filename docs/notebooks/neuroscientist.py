# %% [markdown]
# # A recording, there and back
#
# A recording of SpikeInterface is compressed as a chip would compress it, read back, and compared with what it was.
# This is a notebook as text (`docs/notebooks/neuroscientist.py`): Jupyter opens it with
# [Jupytext](https://jupytext.readthedocs.io), and the guide shows it as it ran.

# %%
import matplotlib.pyplot as plt
import numpy as np
from spikeinterface.core import generate_ground_truth_recording
from spikeinterface.preprocessing import bandpass_filter

import spikecae

recording, truth = generate_ground_truth_recording(
    durations=[8.0], sampling_frequency=30_000.0, num_channels=16, num_units=8, seed=0
)

# %% [markdown]
# ## Compress and read
#
# The folder `build/notebook/out` gets the file and the codec that it needs.

# %%
made = spikecae.compress(recording, "lite_probe", "build/notebook/out", progress=False, overwrite=True)
print(made)
spikes = spikecae.read_scae("build/notebook/out")
print(spikes)

# %% [markdown]
# ## Waveforms
#
# Original (grey) and decoded (blue), on the channel of the peak, at five places of the distribution of peaks, so that
# neither large nor small ones are picked out.

# %%
low, high = spikes.recorded.band_hz
filtered = bandpass_filter(recording, low, high).get_traces(return_in_uV=True)
peak, length = spikes.recorded.peak, spikes.header.samples
inside = np.flatnonzero((spikes.sample >= peak) & (spikes.sample < len(filtered) - length))
decoded = spikes.waveforms(inside)
own = (spikes.channels[inside] == spikes.channel[inside][:, None]).argmax(axis=1)
decoded = decoded[np.arange(len(inside)), own]
starts = spikes.sample[inside] - peak
original = np.stack([filtered[s : s + length, c] for s, c in zip(starts, spikes.channel[inside], strict=True)])

order = np.argsort(np.abs(original[:, peak]))
chosen = order[np.rint(np.array([0.05, 0.25, 0.5, 0.75, 0.95]) * (len(order) - 1)).astype(int)]
ms = (np.arange(length) - peak) / spikes.sampling_rate_hz * 1000
figure, axes = plt.subplots(1, len(chosen), figsize=(10, 2.4), sharex=True, layout="constrained")
for axis, event in zip(axes, chosen, strict=True):
    axis.plot(ms, original[event], color="0.6", linewidth=2)
    axis.plot(ms, decoded[event], color="tab:blue")
    axis.set_title(f"channel {spikes.channel[inside][event]}", fontsize=9)
    axis.set_xlabel("ms")
axes[0].set_ylabel("µV")
plt.show()

# %% [markdown]
# ## Bits
#
# What goes over the link in every half second: all of it, events and framing included. The samples of all channels
# would take 7.7 Mbit/s.

# %%
assert 16 * 16 * 30_000 / 1e6 == 7.68
bits_per_event = 8 * made.file_bytes / made.events
edges = np.arange(0, 8.5, 0.5)
events, _ = np.histogram(spikes.times_s, edges)
figure, axis = plt.subplots(figsize=(10, 2.4), layout="constrained")
axis.stairs(events * bits_per_event / 0.5 / 1000, edges, fill=True, alpha=0.5)
axis.set_xlabel("s")
axis.set_ylabel("kbit/s")
plt.show()

# %% [markdown]
# ## Does the encoder fit?
#
# `evaluate` compares the encoder, as it is, with PCA that is fitted to these very spikes. Where it says *retrain*,
# [an own encoder](../recording_to_chip.md) is worth its minutes.

# %%
found = spikecae.evaluate(recording, "lite_probe", sorting=truth, progress=False)
print(found)
for unit in found.figures.groups:
    template = f"template off {unit.template_error_percent:.1f} %"
    print(f"unit {unit.name}: {unit.events} events, {unit.sndr_mean_db:.1f} dB, {template}")

# %%
figures = found.figures
figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
curve = sorted(figures.pca_curve, key=lambda point: point.bits_per_spike)
axis.plot(
    [p.bits_per_spike for p in curve], [p.sndr_mean_db for p in curve], "o-", color="0.6", label="PCA fitted here"
)
axis.plot(figures.later_half.bits_per_spike, figures.later_half.sndr_mean_db, "s", color="tab:blue", label="lite_probe")
axis.set(xlabel="bits a spike", ylabel="mean SNDR, dB", xlim=(0, 80), ylim=(0, 30))
axis.legend()
plt.show()
