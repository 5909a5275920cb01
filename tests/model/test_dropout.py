import pytest
import torch

from model.autoencoder.dropout import Dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_a_share_is_silenced_and_the_rest_scaled(rate: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    y = Dropout(rate).train()(torch.ones(30, 25, 33, dtype=dtype))
    silenced = (y == 0).double().mean().item()
    deviation = (rate * (1 - rate) / y.numel()) ** 0.5
    assert silenced == pytest.approx(rate, abs=4 * deviation)
    assert y[y != 0].float().numpy() == pytest.approx(1 / (1 - rate), rel=1e-2 if dtype == torch.bfloat16 else 1e-4)


def test_each_value_is_silenced_by_itself() -> None:
    """Values drawn from one number, and those of neighbouring samples and channels, are not alike."""
    torch.manual_seed(1)
    silent = (Dropout(0.5).train()(torch.ones(64, 32, 32)) == 0).double() - 0.5
    for axis in range(3):
        for distance in range(1, 5):
            along = silent.transpose(0, axis)
            assert abs((along[distance:] * along[:-distance]).mean().item()) < 4 * 0.25 / 65536**0.5


def test_gradients_pass_where_values_pass() -> None:
    torch.manual_seed(2)
    x = torch.randn(2, 3, 5, requires_grad=True)
    y = Dropout(0.3).train()(x)
    y.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad * x.detach(), y.detach())


def test_nothing_is_silenced_in_use() -> None:
    x = torch.randn(2, 3, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0).train()(x) is x
