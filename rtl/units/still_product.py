"""Products of which one factor stands still for many cycles, as rows to add up: Booth's digits of that factor."""

from amaranth.hdl import Cat, Const, Value

__all__ = ["still_product", "tree"]


def still_product(still: Value, moving: Value) -> tuple[list[Value], int]:
    """Unsigned rows, and a number, that add up to ``still * moving``; both are signed.

    The factor that stands still is taken in digits of -2 to 2, each of weight 4 (MacSorley, Proc. IRE 49 (1961)): half
    as many rows as it has bits, and those of digit 0 do not move, as all high ones of a small number are, of either
    sign. A row's sign is inverted in place of extended, and what that adds is in the number.
    """
    bits = Cat(Const(0, 1), still, still[-1])  # a digit looks at the bit below it, and the last one at one above
    wide = len(moving) + 1
    rows, negated, number = [], [], 0
    for at in range(0, len(still), 2):
        low, middle, high = bits[at], bits[at + 1], bits[at + 2]
        one, two = middle ^ low, (high ^ middle) & ~(middle ^ low)
        negative = high & ~(middle & low)
        single, double = Cat(moving, moving[-1]), Cat(Const(0, 1), moving)
        row = ((single & one.replicate(wide)) | (double & two.replicate(wide))) ^ negative.replicate(wide)
        rows.append(Cat(Const(0, at), row[:-1], ~row[-1]))
        negated += [negative, Const(0, 1)]  # and one is added to what was inverted
        number -= 1 << (at + wide - 1)
    return [*rows, Cat(negated)], number


def tree(terms: list[Value]) -> Value:
    """Sum of terms as a balanced adder tree."""
    while len(terms) > 1:
        pairs = [a + b for a, b in zip(terms[0::2], terms[1::2], strict=False)]
        terms = pairs + ([terms[-1]] if len(terms) % 2 else [])
    return terms[0]
