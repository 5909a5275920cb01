"""What the analytic estimate says: a part of ``report.json``."""

from synth.part import Part

__all__ = ["Estimate", "LayerWork"]


class LayerWork(Part):
    """What a layer does for one block."""

    name: str
    macs: int
    parameter_bits_read: int


class Estimate(Part):
    """Analytic; ``assumptions`` says what is in it."""

    node: str
    process: str
    voltage_v: float
    method: str
    assumptions: list[str]
    layers: list[LayerWork]
    macs_per_spike: float
    energy_nj_per_spike: float
    energy_nj_per_spike_by_kind: dict[str, float]
    area_mm2: float
    area_mm2_by_kind: dict[str, float]
    clock_mhz: float
    spikes_per_s_at_full_rate: float
    power_uw_at_full_rate: float
    density_uw_per_mm2_at_full_rate: float
    limit_uw_per_mm2: float
    spikes_per_s_within_limit: float
    channels_within_limit: int
    power_uw_per_channel: float
    area_um2_per_channel_within_limit: float
