import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from model.autoencoder.network import Autoencoder, DecoderBlock
from spikecae.design import Design


def parameters(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def with_encoder(design: Design, **changes: object) -> Design:
    return design.model_copy(update={"encoder": design.encoder.model_copy(update=changes)})


def test_neuropixels_has_the_papers_parameter_totals(neuropixels: Design) -> None:
    model = Autoencoder(neuropixels)
    assert parameters(model.encoder, model.quantizer) == 17_952
    assert parameters(model.decoder) == 794_116


def test_shared_blocks_have_the_released_codes_totals(neuropixels: Design) -> None:
    model = Autoencoder(with_encoder(neuropixels, share_blocks=True))
    assert parameters(model.encoder, model.quantizer) == 13_344
    assert parameters(model.decoder) == 399_876
    assert model.encoder.blocks[0] is model.encoder.blocks[1]


@pytest.mark.parametrize(("kernel", "pools"), [(1, [4]), (3, [2, 2]), (5, [1, 2, 2])])
def test_shapes_follow_the_design(tiny: Design, kernel: int, pools: list[int]) -> None:
    model = Autoencoder(with_encoder(tiny, kernel=kernel, pools=pools))
    result = model(torch.randn(3, 2, 16))
    assert result.latents.shape == (3, 4, 4)
    assert result.quantized.indices.shape == (3, 4)
    assert result.output.shape == (3, 2, 16)


def folded(conv: nn.Conv1d, norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    """Convolution and normalization in one, from their documented attributes, by PyTorch's one-dimensional layers."""
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = conv.weight * gain[:, None, None]
    bias = norm.bias - norm.running_mean * gain
    return functional.conv1d(x, weight, bias, padding=conv.weight.shape[-1] // 2, groups=conv.groups)


def test_encoder_is_the_documented_walk(tiny: Design) -> None:
    torch.manual_seed(1)
    encoder = Autoencoder(tiny).encoder
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    encoder.eval()
    block = torch.randn(5, 2, 16)
    x = functional.relu(folded(encoder.input, encoder.input_norm, block))
    for stage, pool in zip(encoder.blocks, encoder.pools, strict=True):
        y = functional.relu(folded(stage.reduce, stage.reduce_norm, x))
        y = functional.relu(folded(stage.conv, stage.conv_norm, y))
        x = functional.max_pool1d(functional.relu(folded(stage.expand, stage.expand_norm, y) + x), pool)
    expected = folded(encoder.project, encoder.project_norm, x)
    torch.testing.assert_close(encoder(block), expected, atol=1e-5, rtol=1e-5)


def test_batch_normalization_matches_pytorch_while_training(tiny: Design) -> None:
    torch.manual_seed(2)
    ours = Autoencoder(tiny).encoder.input_norm
    theirs = nn.BatchNorm1d(ours.num_features)
    for _ in range(3):
        x = torch.randn(7, ours.num_features, 16) * 3 + 1
        torch.testing.assert_close(ours(x), theirs(x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    assert ours.num_batches_tracked == 3


def test_decoder_block_is_a_deconvolution_with_the_kernel_reversed() -> None:
    torch.manual_seed(3)
    block = DecoderBlock(6, 3, 0.0).eval()
    x = torch.randn(2, 6, 8)

    def deconvolve(conv: nn.Conv1d, x: Tensor) -> Tensor:
        return functional.conv_transpose1d(x, conv.weight.transpose(0, 1).flip(-1), padding=1)

    y = functional.relu(block.first_norm(deconvolve(block.first, x)))
    expected = functional.relu(block.second_norm(deconvolve(block.second, y)) + x)
    torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)


def test_gradient_reaches_every_weight(tiny: Design) -> None:
    torch.manual_seed(4)
    model = Autoencoder(tiny)
    result = model(torch.randn(8, 2, 16))
    (result.output.square().sum() + result.quantized.codebook).backward()
    without = [name for name, parameter in model.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert without == []
