"""How multiplications are mapped to gates: as rows without sign extension, by Booth's digits where a factor stands
still."""

__all__ = ["DIGITS", "ROWS"]

HEAD = """
(* techmap_celltype = "$macc_v2" *)
module products_as_rows (A, B, C, Y);
    parameter NPRODUCTS = 0;
    parameter NADDENDS = 0;
    parameter A_WIDTHS = 16'h0000;
    parameter B_WIDTHS = 16'h0000;
    parameter C_WIDTHS = 16'h0000;
    parameter Y_WIDTH = 0;
    parameter PRODUCT_NEGATED = 1'bx;
    parameter ADDEND_NEGATED = 1'bx;
    parameter A_SIGNED = 1'bx;
    parameter B_SIGNED = 1'bx;
    parameter C_SIGNED = 1'bx;

    function integer total(input [65535:0] widths, input integer count);
        integer n;
        begin
            total = 0;
            for (n = 0; n < count; n = n + 1)
                total = total + widths[16 * n +: 16];
        end
    endfunction

    localparam A_BITS = total(A_WIDTHS, NPRODUCTS);
    localparam ROWS = total(B_WIDTHS, NPRODUCTS);
    localparam C_BITS = total(C_WIDTHS, NADDENDS);

    input [A_BITS - 1:0] A;
    input [ROWS - 1:0] B;
    input [C_BITS - 1:0] C;
    output [Y_WIDTH - 1:0] Y;

    wire _TECHMAP_FAIL_ = NPRODUCTS == 0;

    wire [(ROWS + NADDENDS + 1) * Y_WIDTH - 1:0] sums;
    assign sums[Y_WIDTH - 1:0] = 0;
    assign Y = sums[(ROWS + NADDENDS) * Y_WIDTH +: Y_WIDTH];

    genvar p, i;
    generate
        for (p = 0; p < NPRODUCTS; p = p + 1) begin : product
            localparam AW = A_WIDTHS[16 * p +: 16];
            localparam BW = B_WIDTHS[16 * p +: 16];
            localparam AT = total(A_WIDTHS, p);
            localparam BT = total(B_WIDTHS, p);
            wire [AW - 1:0] a = A[AT +: AW];
            wire [BW - 1:0] b = B[BT +: BW];
"""
"""Of a Yosys technology map that takes the products of a sum apart into rows, which ``alumacc`` then adds in one
tree. Yosys by itself has a row for each bit, with its sign extended to the sum's width."""

BY_BITS = """            for (i = 0; i < BW; i = i + 1) begin : row
                // A bit that counts negatively is inverted, and what that adds is subtracted: -x = (1 - x) - 1.
                localparam [AW - 1:0] SIGN = A_SIGNED[p] ? {1'b1, {(AW - 1){1'b0}}} : {AW{1'b0}};
                localparam [AW - 1:0] FLIP = SIGN ^ {AW{(B_SIGNED[p] && i == BW - 1) ^ PRODUCT_NEGATED[p]}};
                wire [AW - 1:0] bits = ({AW{b[i]}} & a) ^ FLIP;
                wire [Y_WIDTH - 1:0] shifted = bits << i;
                wire [Y_WIDTH - 1:0] less = FLIP << i;
                assign sums[(BT + i + 1) * Y_WIDTH +: Y_WIDTH] = sums[(BT + i) * Y_WIDTH +: Y_WIDTH] + shifted - less;
            end
        end
"""
BY_DIGITS = """            // Digits of b, and of its sign where it has no bits left.
            localparam DIGITS = (BW + !B_SIGNED[p] + 1) / 2;
            localparam WIDE = AW + 1 + !A_SIGNED[p];
            wire [2 * DIGITS:0] bits = {{(2 * DIGITS - BW){B_SIGNED[p] & b[BW - 1]}}, b, 1'b0};
            wire [WIDE - 1:0] single = {{(WIDE - AW){A_SIGNED[p] & a[AW - 1]}}, a};
            for (i = 0; i < BW; i = i + 1) begin : row
                wire [Y_WIDTH - 1:0] before = sums[(BT + i) * Y_WIDTH +: Y_WIDTH];
                wire [Y_WIDTH - 1:0] after;
                assign sums[(BT + i + 1) * Y_WIDTH +: Y_WIDTH] = after;
                if (i < DIGITS) begin
                    wire low = bits[2 * i], middle = bits[2 * i + 1], high = bits[2 * i + 2];
                    wire one = middle ^ low, two = (high ^ middle) & ~one;
                    wire minus = (high & ~(middle & low)) ^ PRODUCT_NEGATED[p];
                    wire [WIDE - 1:0] digit = (single & {WIDE{one}} | single << 1 & {WIDE{two}}) ^ {WIDE{minus}};
                    // The sign is inverted in place of extended, and what that adds is subtracted.
                    wire [Y_WIDTH - 1:0] shifted = (digit ^ (1 << (WIDE - 1))) << (2 * i);
                    wire [Y_WIDTH - 1:0] carry = minus << (2 * i);
                    localparam [Y_WIDTH - 1:0] LESS = 1 << (2 * i + WIDE - 1);
                    assign after = before + shifted + carry - LESS;
                end else
                    assign after = before;
            end
        end
"""

TAIL = """        for (p = 0; p < NADDENDS; p = p + 1) begin : addend
            localparam CW = C_WIDTHS[16 * p +: 16];
            localparam CT = total(C_WIDTHS, p);
            wire [Y_WIDTH - 1:0] c;
            if (C_SIGNED[p]) begin
                wire signed [CW - 1:0] narrow = C[CT +: CW];
                assign c = narrow;
            end else begin
                assign c = C[CT +: CW];
            end
            wire [Y_WIDTH - 1:0] before = sums[(ROWS + p) * Y_WIDTH +: Y_WIDTH];
            assign sums[(ROWS + p + 1) * Y_WIDTH +: Y_WIDTH] = ADDEND_NEGATED[p] ? before - c : before + c;
        end
    endgenerate
endmodule
"""

ROWS = HEAD + BY_BITS + TAIL
"""A row for each bit of the second factor. Signs as in Baugh and Wooley, IEEE Trans. Computers C-22 (1973): bits that
count negatively are inverted, and their constants, modulo the width of the sum, come together in one."""
DIGITS = HEAD + BY_DIGITS + TAIL
"""A row for each of Booth's digits of the second factor, -2 to 2, each of weight 4 (MacSorley, Proc. IRE 49 (1961)):
half as many rows, and those of digit 0 do not move. Where the second factor changes with every product, what chooses
the digits glitches, and costs more than the rows that it saves. Signs are inverted in place of extended, likewise."""
