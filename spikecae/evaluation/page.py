"""An evaluation as one page of HTML that needs nothing else."""

from collections.abc import Sequence
from html import escape

from spikecae.evaluation.figures import amplitude_plot, rate_plot, sndr_plot, spike_plots
from spikecae.evaluation.result import Evaluation, OwnSpikes, Quality, Sorted
from spikecae.evaluation.shown import Shown

__all__ = ["page"]

WORST_SHOWN = 12
STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --muted: #5f6c7b; --line: #dde2e8; --back: #f5f7fa; --card: #fff;
  --own: #0b6bcb; --other: #d9480f; --was: #9aa5b1; --good: #1b7f4b; --bad: #c92a2a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --muted: #9fb0c0; --line: #33404d; --back: #12181f;
  --card: #1b232c; --own: #5aa9f5; --other: #ff922b; --was: #6b7a89; --good: #51cf66; --bad: #ff8787; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink);
  background: var(--back); margin: 0; }
main { max-width: 1040px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 18px; margin: 0 0 12px; }
p, ul { margin: 8px 0; } .lead, .note, figcaption { color: var(--muted); overflow-wrap: anywhere; }
.note, figcaption { font-size: 13px; }
section, .tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; min-width: 0; }
section { padding: 18px 20px; margin-top: 20px; } .tile { padding: 12px 16px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(150px, 100%), 1fr)); gap: 12px;
  margin-top: 20px; }
.tile b { display: block; font-size: 21px; line-height: 1.25; } .tile span { color: var(--muted); font-size: 13px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(380px, 100%), 1fr)); gap: 20px; }
.blocks { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 8px; }
figure { margin: 0; min-width: 0; } svg { width: 100%; height: auto; display: block; }
svg text { font-size: 12px; fill: var(--ink); } .grid { stroke: var(--line); }
.line { fill: none; stroke-width: 1.6; } .line.own { stroke: var(--own); } .line.other { stroke: var(--other); }
.line.was { stroke: var(--was); stroke-width: 5; } .line.mark { stroke: var(--ink); stroke-dasharray: 3 3;
  stroke-width: 1; }
.area { fill-opacity: .35; stroke-width: 1.2; } .area.own { fill: var(--own); stroke: var(--own); }
.area.other { fill: var(--other); stroke: var(--other); } .dot.own { fill: var(--own); }
.dot.other { fill: var(--other); }
.own-text { color: var(--own); } .other-text { color: var(--other); } .good { color: var(--good); }
.bad { color: var(--bad); }
.table { overflow-x: auto; margin-bottom: 16px; } table { border-collapse: collapse; width: 100%;
  font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--muted); font-size: 13px; } th:first-child, td:first-child { text-align: left; white-space: normal;
  min-width: 110px; }
"""


def page(told: Evaluation, shown: Shown) -> str:
    """The whole page."""
    seconds = f"{told.looked_at_s:.1f} s" + (
        f", at equal distances in {told.duration_s:.0f} s" if told.looked_at_s < 0.99 * told.duration_s else ""
    )
    channels = len(told.recording.channel_ids)
    step = f"{told.lsb:.4g} {'µV' if told.unit == 'uV' else 'units'}"
    sections = [
        _tiles(told),
        _verdict(told),
        _section("Quality and rate", _qualities(told) + _pair(told, shown)),
        _section("Spikes as recorded (grey) and as decoded (blue)", _blocks(told, shown)),
        _section(f"Worst {told.grouped_by}s", _groups(told)),
        *([] if told.sorting is None else [_section("Sorting before and after", _sorting(told.sorting))]),
        _section("What was measured", _notes(told)),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(told.codec)} on {told.spikes:,} spikes</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(told.codec)} on your spikes</h1>"
        f'<p class="lead">{told.spikes:,} spikes of {told.events:,} events on {channels} '
        f"channel{'s' * (channels > 1)}; {seconds}, {told.recording.sampling_rate_hz / 1000:g} kHz; a step of the "
        f"converter is {step}. Spec {told.spec_hash[:8]}.</p>{''.join(sections)}</main></body></html>\n"
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _tiles(told: Evaluation) -> str:
    tiles = [
        (f"{told.encoder.sndr_mean_db:.1f} dB", "mean SNDR of a spike"),
        (f"{told.encoder.sndr_worst_db:.1f} dB", "5 % of the spikes have less"),
        (
            f"{told.encoder.bits_per_spike:.1f} bits",
            f"a spike; {told.compression_ratio:.1f} times less than 16-bit samples",
        ),
        (f"{told.amplitude_error_percent:.1f} %", "median error of a peak's amplitude"),
        (f"{told.recording_ratio:,.0f} times", "less over the link than the raw recording"),
    ]
    inside = "".join(f'<div class="tile"><b>{value}</b><span>{what}</span></div>' for value, what in tiles)
    return f'<div class="tiles">{inside}</div>'


def _verdict(told: Evaluation) -> str:
    kind, title = ("bad", "Retrain") if told.retrain else ("good", "No need to retrain")
    lines = "".join(f"<li>{escape(reason[0].upper() + reason[1:])}.</li>" for reason in told.reasons)
    remedy = (
        "<p>Fit an encoder to these spikes, in the checkout: <code>make quantize DESIGN=… BUILD=own DATA=…</code>; the "
        "command <code>spikecae evaluate</code> prints the whole.</p>"
        if told.retrain
        else ""
    )
    return f'<section><h2 class="{kind}">{title}</h2><ul>{lines}</ul>{remedy}</section>'


def _qualities(told: Evaluation) -> str:
    rows: list[tuple[str, Quality | OwnSpikes]] = [
        ("this encoder, all spikes", told.encoder),
        ("this encoder, later half", told.later_half),
    ]
    rows += [("PCA with entropy coding, later half", told.pca)] if told.pca is not None else []
    rows += [] if told.own_spikes is None else [(f"this encoder on {told.own_spikes.data}, held out", told.own_spikes)]
    names = ("", "mean, dB", "global, dB", "worst 5 %, dB", "bits a spike")
    missing = f'<p class="note">No PCA: {escape(told.pca_missing)}.</p>' if told.pca_missing else ""
    return _table(names, [(name, *_cells(row)) for name, row in rows]) + missing


def _cells(row: Quality | OwnSpikes) -> list[str]:
    if isinstance(row, Quality):
        return [
            f"{value:.1f}" for value in (row.sndr_mean_db, row.sndr_global_db, row.sndr_worst_db, row.bits_per_spike)
        ]
    return [f"{row.sndr_mean_db:.1f}", "–", "–", f"{row.bits_per_spike:.1f}"]


def _pair(told: Evaluation, shown: Shown) -> str:
    own, other = '<b class="own-text">This encoder</b>', '<b class="other-text">PCA</b>'
    figures = [
        (sndr_plot(shown), f"{own} and {other} at equal bits; 5 % of the spikes are left of the dashed line."),
        (rate_plot(told), f"{own} beside {other}, fitted to the earlier half; both on the later."),
        (amplitude_plot(shown), f"Peaks: median {told.amplitude_bias_percent:+.1f} %, 5 % are off by more than "
         f"{told.amplitude_error_worst_percent:.1f} %."),
    ]  # fmt: skip
    inside = "".join(f"<figure>{svg}<figcaption>{text}</figcaption></figure>" for svg, text in figures)
    return f'<div class="pair">{inside}</div>'


def _blocks(told: Evaluation, shown: Shown) -> str:
    plots = "".join(f"<figure>{svg}</figure>" for svg in spike_plots(shown, "µV" if told.unit == "uV" else "high"))
    kind = "one event on neighbouring channels" if told.recording.neighbours else "successive spikes of one channel"
    return f'<div class="blocks">{plots}</div><p class="note">The traces of a block are {kind}.</p>'


def _groups(told: Evaluation) -> str:
    if not told.groups:
        return f'<p class="note">No {told.grouped_by} has spikes enough.</p>'
    names = (told.grouped_by, "events", "mean, dB", "global, dB", "peak, %", "peak error, %", "template error, %")
    rows = [
        (
            group.name,
            f"{group.events:,}",
            f"{group.sndr_mean_db:.1f}",
            f"{group.sndr_global_db:.1f}",
            f"{group.amplitude_bias_percent:+.1f}",
            f"{group.amplitude_error_percent:.1f}",
            f"{group.template_error_percent:.1f}",
        )
        for group in told.groups
    ]
    note = "Peak: median over events of how much it is larger than it was; peak error: either way. Template: the mean"
    return _worst(names, rows, f"{note} waveform.", "better ones")


def _sorting(told: Sorted) -> str:
    names = ("unit", "spikes", "own event, %", "before, %", "after, %")
    rows = [
        (unit.name, f"{unit.spikes:,}", *(f"{100 * share:.0f}" for share in (unit.with_event, unit.before, unit.after)))
        for unit in told.units
    ]
    note = (
        "Before, after: spikes that the sorter finds of a unit, over those that are in either, against "
        f"{told.against}. Own event: of spikes that fall together only the largest has one, though its snippets may "
        "show the others. What was not sent is white noise."
    )
    table = _worst(names, rows, note, "that lose less")
    return f"<p>{escape(str(told))}.</p>{table}"


def _worst(names: Sequence[str], rows: Sequence[Sequence[str]], note: str, others: str) -> str:
    """A table of the first rows, the worst ones, and a note that says how many ``others`` there are."""
    rest = len(rows) - WORST_SHOWN
    more = f" {rest} {others} are in evaluation.json." if rest > 0 else ""
    return f'{_table(names, rows[:WORST_SHOWN])}<p class="note">{note}{more}</p>'


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table"><table><tr>{head}</tr>{body}</table></div>'


def _notes(told: Evaluation) -> str:
    wanted = told.recording
    escaped = "" if told.escaped_percent is None else f" {told.escaped_percent:.2f} % of the symbols are escapes."
    return (
        f'<p class="note">Spikes: band-passed {wanted.band_hz[0]:g} to {wanted.band_hz[1]:g} Hz, {wanted.polarity} '
        f"peaks beyond {wanted.threshold:g} deviations of the noise. SNDR: 20·log10(‖x‖ / ‖x − x̂‖) against the samples "
        f"before the converter; {told.clipped_percent:.2f} % of them were clipped. Bits are of Huffman codes, escapes "
        f"included; with events, framing and checksums {told.wire_bits_per_spike:.1f} a spike.{escaped} PCA: a uniform "
        f"quantizer and an ideal order-0 code, fitted to the earlier half of these spikes: an advantage over "
        f"an encoder that never saw them. Made by {escape(wanted.made_by)}; the recording: {escape(wanted.source)}</p>"
    )
