"""What a file says of its spikes' recording: rate, channels, gains, contacts, how spikes were found."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Recorded"]

MOST_CHANNELS = 1 << 16
Finite = Annotated[float, Field(allow_inf_nan=False)]
Place = tuple[Finite, Finite]
ChannelId = Annotated[str, Field(max_length=200)] | int


class Recorded(BaseModel):
    """The section ``recording`` of a header; tuples with an entry for each channel are in the order of the channels."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[1] = 1
    """Of this section."""
    sampling_rate_hz: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    segment_samples: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    """Length of each segment. Packets count samples through all of them, one segment after the other."""
    segment_starts_s: tuple[Finite, ...]
    """Time of each segment's first sample."""
    channel_ids: Annotated[tuple[ChannelId, ...], Field(min_length=1, max_length=MOST_CHANNELS)]
    """What the recording calls them; packets count channels from 0."""
    gains_uv: tuple[Finite, ...] | None
    """µV per step of the recording's numbers; None where it has no gains. Decoded samples are in the file's unit."""
    offsets_uv: tuple[Finite, ...] | None
    """µV at the recording's number 0."""
    contacts_um: tuple[Place, ...] | None
    """Position (x, y) of each channel's contact; None where there is no probe."""
    groups: tuple[ChannelId, ...] | None
    """Group of each channel, within which neighbourhoods were formed; None where there was one for all."""
    neighbours: tuple[tuple[Annotated[int, Field(ge=0)], ...], ...] | None
    """Of each channel, those whose snippets make the block of an event there; None where a block is of one channel."""
    noise: tuple[Finite, ...]
    """Deviation of each channel's noise in the band, in the file's unit; 0 of a channel without a signal."""
    band_hz: tuple[Finite, Finite]
    """Of the band-pass before detection, forwards and backwards, so that nothing is delayed."""
    threshold: Finite
    """In deviations of the noise; 0 where another program has cut the snippets and does not say."""
    polarity: Literal["negative", "positive", "both"]
    peak: Annotated[int, Field(ge=0)]
    """Index of the peak in a snippet, which is what a time is of."""
    source: Annotated[str, Field(max_length=1000)]
    """What the recording is, as SpikeInterface describes it."""
    made_by: Annotated[str, Field(max_length=200)]
    """Program and version."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        channels = len(self.channel_ids)
        for name in ("gains_uv", "offsets_uv", "contacts_um", "groups", "neighbours", "noise"):
            entries = getattr(self, name)
            if entries is not None and len(entries) != channels:
                raise ValueError(f"recording.{name} has {len(entries)} entries for {channels} channels")
        if len(self.segment_starts_s) != len(self.segment_samples):
            raise ValueError("recording.segment_starts_s and segment_samples are of another number of segments")
        rows = self.neighbours or ()
        if any(max(row, default=0) >= channels for row in rows) or len({len(row) for row in rows}) > 1:
            raise ValueError(f"recording.neighbours must name as many of the {channels} channels in every row")
        return self
