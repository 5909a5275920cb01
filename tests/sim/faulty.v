// Stands for an encoder that works on its first block and then breaks in the way that its first sample names.
module spike_encoder(
  input aclk, input aresetn,
  input [15:0] s_axis_tdata, input [47:0] s_axis_tuser, input s_axis_tvalid, output s_axis_tready, input s_axis_tlast,
  output [7:0] m_axis_tdata, output m_axis_tvalid, input m_axis_tready, output m_axis_tlast,
  input [12:0] s_axil_awaddr, input [2:0] s_axil_awprot, input s_axil_awvalid, output s_axil_awready,
  input [31:0] s_axil_wdata, input [3:0] s_axil_wstrb, input s_axil_wvalid, output s_axil_wready,
  output [1:0] s_axil_bresp, output s_axil_bvalid, input s_axil_bready,
  input [12:0] s_axil_araddr, input [2:0] s_axil_arprot, input s_axil_arvalid, output s_axil_arready,
  output [31:0] s_axil_rdata, output [1:0] s_axil_rresp, output s_axil_rvalid, input s_axil_rready, output clock_request
);
  assign s_axil_awready = 1, s_axil_wready = 1, s_axil_bresp = 0, s_axil_bvalid = 1;
  assign s_axil_arready = 1, s_axil_rdata = 0, s_axil_rresp = 0, s_axil_rvalid = 1, clock_request = 1;
  reg [7:0] beats;
  reg valid, last, withdrawn;
  reg [1:0] fault;
  reg [7:0] data;
  wire o__valid = s_axis_tvalid;
  wire o__ready = s_axis_tready;
  wire [15:0] o__payload = s_axis_tdata;
  wire stuck = fault == 1 && beats == 100;
  assign s_axis_tready = (!valid || m_axis_tready) && !stuck;
  assign m_axis_tvalid = valid && !withdrawn;
  assign m_axis_tdata = data;
  assign m_axis_tlast = last;
  always @(posedge aclk)
    if (!aresetn) begin
      fault <= 0; beats <= 0; valid <= 0; last <= 0; withdrawn <= 0; data <= 0;
    end else begin
      withdrawn <= fault == 2 && beats > 64 && m_axis_tvalid && !m_axis_tready;
      if (m_axis_tready && m_axis_tvalid) valid <= 0;
      if (s_axis_tvalid && s_axis_tready) begin
        valid <= s_axis_tlast;
        last <= s_axis_tlast;
        data <= beats;
        beats <= beats + 1;
        if (beats == 0) fault <= s_axis_tdata[1:0];
      end
    end
endmodule
