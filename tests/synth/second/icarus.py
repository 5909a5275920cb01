"""The netlist in Verilog, with delays and shortest pulses, run by Icarus on recorded inputs; what it dumps."""

import subprocess
from pathlib import Path

from tests.synth.second.flat import Flat, Instance, Timing, steps

__all__ = ["run"]

GATE = """module {name}({inputs}, output reg Y);
parameter {parameters};
reg plan, want; reg [2:0] waiting = 0;
reg [2:0] id = 0, last = 0, tick = 0; reg [7:0] dead = 0, value = 0;
reg [2:0] earlier [0:7]; reg [31:0] due [0:7];
task ask(input [15:0] fall, input [15:0] rise, input [15:0] low, input [15:0] high);
begin
  want = {function};
  if (want !== plan) begin
    plan = want;
    if (waiting != 0 && $stime + (want ? rise : fall) < due[last] + (want ? high : low)) begin
      dead[last] = 1; last = earlier[last]; waiting = waiting - 1;
    end else begin
      id = id + 1; dead[id] = 0; value[id] = want; due[id] = $stime + (want ? rise : fall);
      earlier[id] = last; last = id; waiting = waiting + 1; tick <= #(want ? rise : fall) id;
    end
  end
end
endtask
always @(tick) if (!dead[tick]) begin Y = value[tick]; waiting = waiting - 1; end
{always}
initial #1 ask({first});
endmodule
"""
TIMES = ("F", "R", "L", "H")


def run(
    folder: Path,
    flat: Flat,
    timing: Timing,
    inputs: list[dict[str, int]],
    begin: int,
    clock: str,
    period: int,
    access_ns: float,
) -> Path:
    """Simulate; the dump begins with cycle ``begin``. Times are in steps of 10 ps."""
    used = {instance.kind: instance for instance in flat.instances}
    gates = [_gate(kind, i) for kind, i in used.items() if i.clock is None and i.inputs]
    lines = ["`timescale 10ps/10ps", *gates, "module bench;", "reg n0 = 0, n1 = 1;"]
    made = {net for instance in flat.instances for net in instance.outputs.values()}
    made |= {net for memory in flat.memories for net in memory.read_data}
    driven_here = {net for port in flat.ports.values() for net in port} - made
    kept = {net for i in flat.instances if i.clock and not i.gates_clock for net in i.outputs.values()}
    kept |= {net for memory in flat.memories for net in memory.read_data} | driven_here
    lines += [f"reg n{net} = 0;" if net in kept else f"wire n{net};" for net in range(2, flat.nets)]
    for number, instance in enumerate(flat.instances):
        nets = {pin: f"n{net}" for pin, net in {**instance.inputs, **instance.outputs}.items()}
        if instance.gates_clock:
            enable = next(nets[pin] for pin in instance.inputs if pin != instance.clock)
            ck = nets[instance.clock or ""]
            lines.append(f"reg l{number} = 0; always @* if (!{ck}) l{number} = {enable};")
            lines.append(f"assign {nets[next(iter(instance.outputs))]} = {ck} & l{number};")
        elif instance.clock is not None:
            (q,), data = instance.outputs.values(), nets["D"]
            fall, rise = timing.delay[instance][instance.clock]
            lines.append(f"always @(posedge {nets[instance.clock]}) n{q} <= #({data} ? {rise} : {fall}) {data};")
        elif not instance.inputs:
            (name, net), *_ = instance.outputs.items()
            lines.append(f"assign n{net} = {instance.pin(name).text('function')};")
        else:
            values = [
                f".{pin}{which}({value})"
                for pin in instance.inputs
                for which, value in zip(
                    TIMES, timing.delay[instance][pin] + timing.shortest[instance][pin], strict=True
                )
            ]
            (output,) = instance.outputs
            connected = [f".{pin}({nets[pin]})" for pin in instance.inputs] + [f".Y({nets[output]})"]
            lines.append(f"g_{instance.kind} #({', '.join(values)}) i{number}({', '.join(connected)});")
    for number, memory in enumerate(flat.memories):
        width = len(memory.read_data)
        lines.append(f"reg [{width - 1}:0] m{number} [0:{memory.words - 1}]; integer k{number};")
        lines.append(f"initial for (k{number} = 0; k{number} < {memory.words}; k{number} = k{number} + 1)")
        lines.append(f"  m{number}[k{number}] = 0;")
        lines.append(f"always @(posedge n{memory.clock}) begin")
        lines.append(f"  if (n{memory.read}) {_bus(memory.read_data)} <= #{steps(access_ns)} m{number}[")
        lines.append(f"    {_bus(memory.read_address)}];")
        for bit, (enable, data) in enumerate(zip(memory.write, memory.write_data, strict=True)):
            lines.append(f"  if (n{enable}) m{number}[{_bus(memory.write_address)}][{bit}] <= n{data};")
        lines.append("end")
    lines += ["initial begin", '$dumpfile("bench.vcd");', f"#{period};"]
    ck = f"n{flat.ports[clock][0]}"
    for cycle, given in enumerate(inputs):
        if cycle == begin:
            lines.append("$dumpvars(1, bench);")
        lines.append(f"#1 {ck} = 1; #1;")
        lines += [f"{_bus(flat.ports[name])} = {value};" for name, value in given.items()]
        lines.append(f"#{period // 2 - 1} {ck} = 0; #{period - period // 2 - 1};")
    lines += ["$finish; end", "endmodule"]
    (folder / "bench.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    subprocess.run(["iverilog", "-g2012", "-o", "bench", "bench.v"], cwd=folder, check=True)
    subprocess.run(["vvp", "-n", "bench"], cwd=folder, check=True, capture_output=True)
    return folder / "bench.vcd"


def _bus(nets: list[int]) -> str:
    return "{" + ", ".join(f"n{net}" for net in reversed(nets)) + "}"


def _gate(kind: str, instance: Instance) -> str:
    (output,) = instance.outputs
    function = instance.pin(output).text("function").replace("!", "~").replace("*", "&").replace("+", "|")
    return GATE.format(
        name=f"g_{kind}",
        inputs=", ".join(f"input {pin}" for pin in instance.inputs),
        parameters=", ".join(f"{pin}{which} = 1" for pin in instance.inputs for which in TIMES),
        function=function,
        first=", ".join(f"{next(iter(instance.inputs))}{which}" for which in TIMES),
        always="\n".join(
            f"always @({pin}) ask({', '.join(f'{pin}{which}' for which in TIMES)});" for pin in instance.inputs
        ),
    )
