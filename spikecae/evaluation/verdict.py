"""When to fit an encoder anew: three rules, each with its threshold."""

from spikecae.evaluation.result import OwnSpikes, Quality

__all__ = ["PCA_GAIN_DB", "QUALITY_LOSS_DB", "RATE_RISE", "judge"]

PCA_GAIN_DB = 1.0
"""PCA that was fitted to these spikes is better by more: so would be an encoder that was."""
QUALITY_LOSS_DB = 3.0
"""Spikes come back worse than those that the encoder was trained on by more."""
RATE_RISE = 1.5
"""They take more than so many times the bits."""


def judge(
    encoder: Quality, later: Quality, pca: Quality | None, own: OwnSpikes | None, *, fitted_beats_pca: bool
) -> tuple[bool, list[str]]:
    """Whether to retrain, and why; where not, what was found.

    Args:
        encoder: on all spikes.
        later: on those that ``pca`` is measured on.
        pca: at equal bits.
        own: the encoder on the spikes that it was made for.
        fitted_beats_pca: whether an encoder of this kind is better than PCA where it was trained; else PCA says
            nothing about training.
    """
    asks: list[str] = []
    found: list[str] = []
    if pca is not None:
        gain = pca.sndr_mean_db - later.sndr_mean_db
        text = f"PCA fitted to these spikes is {abs(gain):.1f} dB {'better' if gain > 0 else 'worse'} at equal bits"
        if fitted_beats_pca:
            (asks if gain > PCA_GAIN_DB else found).append(f"{text} (limit {PCA_GAIN_DB:g} dB better)")
        else:
            found.append(f"{text}, as it may be of networks; a linear encoder is better than both")
    if own is not None:
        loss = own.sndr_mean_db - encoder.sndr_mean_db
        told = f"spikes come back at {encoder.sndr_mean_db:.1f} dB, those of its training at {own.sndr_mean_db:.1f} dB"
        (asks if loss > QUALITY_LOSS_DB else found).append(f"{told} (limit {QUALITY_LOSS_DB:g} dB less)")
        rise = encoder.bits_per_spike / own.bits_per_spike
        told = f"they take {rise:.2f} times the bits of those ({encoder.bits_per_spike:.1f} a spike)"
        (asks if rise > RATE_RISE else found).append(f"{told} (limit {RATE_RISE:g} times)")
    return bool(asks), asks or found
