// A register, a product and two memories, for the test of FPGA mapping.
module top(input aclk, input write, input [9:0] address, input [15:0] d, output reg [15:0] product, output reg [15:0] large_q, output reg [3:0] small_q);
  reg [15:0] held;
  reg [15:0] large [1023:0];
  reg [3:0] small [15:0];
  always @(posedge aclk) begin
    held <= d;
    product <= held[15:8] * held[7:0];
    if (write) large[address] <= d;
    large_q <= large[address];
    if (write) small[address[3:0]] <= d[3:0];
    small_q <= small[address[3:0]] ^ held[3:0];
  end
endmodule
