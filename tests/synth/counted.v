// A module whose parts can be counted by hand; `loop`, `latch` and `undriven` are faulty.
module counted(input clk, input en, input [3:0] at, input signed [7:0] a, b, output reg [11:0] held,
               output signed [15:0] product, output [15:0] tripled, output reg [7:0] read, output [4:0] sum,
               output [7:0] chosen, output reg [2:0] table_);
  reg [7:0] memory [0:15];
  always @(posedge clk) begin
    if (en) held <= {a[3:0], b};
    if (en) memory[at] <= a;
    read <= memory[at];
  end
  assign product = a * b;
  assign tripled = {8'd0, a} * 16'd171;
  assign sum = a[3:0] + at;
  assign chosen = en ? a : b;
  always @* case (at)
    4'd0: table_ = 3'd5;
    4'd1: table_ = 3'd2;
    4'd7: table_ = 3'd1;
    default: table_ = 3'd0;
  endcase
endmodule

module constants(input clk, input [1:0] at, output reg [7:0] read);
  reg [7:0] memory [0:3];
  initial begin
    memory[0] = 8'h1f; memory[1] = 8'h10; memory[2] = 8'h15; memory[3] = 8'h1a;
  end
  always @(posedge clk) read <= memory[at];
endmodule

module latch(input en, input [5:0] a, output reg [5:0] q);
  always @* if (en) q = a;
endmodule

module loop(input a, output y);
  wire x = ~(a & y);
  assign y = x ^ a;
endmodule

module undriven(input a, output y);
  wire nothing;
  assign y = a & nothing;
endmodule

module \unit.inner (input clk, input en, input signed [7:0] a, b, output reg signed [15:0] p);
  always @(posedge clk) if (en) p <= a * b;
endmodule

module around(input clk, input en, input signed [7:0] a, b, output [15:0] p, q, output reg [2:0] count);
  \unit.inner one (.clk(clk), .en(en), .a(a), .b(b), .p(p));
  \unit.inner two (.clk(clk), .en(en), .a(b), .b(p[7:0]), .p(q));
  always @(posedge clk) count <= count + 3'd1;
endmodule
