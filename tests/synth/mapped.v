// Two units, a memory in each and one word of logic between them, for the mapping's test.
module top(input aclk, input aresetn, input en, input [2:0] address, input [7:0] d, output [7:0] q, output reg last, output one);
  wire [7:0] between;
  assign one = 1'b1;
  always @(posedge aclk) last <= d[0];
  \top.first first (.clk(aclk), .rst(~aresetn), .en(en), .d(d), .q(between));
  \top.second second (.clk(aclk), .en(en), .address(address), .d(between), .q(q));
endmodule

module \top.first (input clk, input rst, input en, input [7:0] d, output reg [7:0] q);
  reg [1:0] few;
  always @(posedge clk) begin
    if (en) q <= d;
    if (d[0]) few <= q[1:0];
    if (few == 2'd1) q[0] <= 1'b0;
    if (rst) q <= 8'd0;
  end
endmodule

module \top.second (input clk, input en, input [2:0] address, input [7:0] d, output [7:0] q);
  wire [7:0] small_q, large_q;
  assign q = small_q ^ large_q;
  \top.second.small small (.clk(clk), .en(en), .address(address[1:0]), .d(d), .q(small_q));
  \top.second.large large (.clk(clk), .en(en), .address({d, address}), .d(d), .q(large_q));
endmodule

module \top.second.small (input clk, input en, input [1:0] address, input [7:0] d, output reg [7:0] q);
  reg [7:0] words [3:0];
  always @(posedge clk) begin
    if (en) words[address] <= d;
    q <= words[address];
  end
endmodule

module \top.second.large (input clk, input en, input [10:0] address, input [7:0] d, output reg [7:0] q);
  reg [7:0] words [2047:0];
  always @(posedge clk) begin
    if (en) words[address] <= d;
    q <= words[address];
  end
endmodule
