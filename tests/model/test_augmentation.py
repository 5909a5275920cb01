import torch

from model.training.augmentation import regroup


def test_blocks_are_formed_anew_from_the_same_channel() -> None:
    channels = torch.tensor([[3, 3], [5, 5], [3, 3], [5, 5], [3, 3]])
    number = torch.arange(10.0).reshape(5, 2)
    blocks = number[:, :, None].expand(5, 2, 7).contiguous()
    of = dict(zip(number.ravel().tolist(), channels.ravel().tolist(), strict=True))
    drawn = set()
    for seed in range(20):
        again = regroup(blocks, channels, torch.Generator().manual_seed(seed))
        assert again.shape == blocks.shape
        assert (again == again[:, :, :1]).all()  # spikes stay whole
        assert sorted(again[:, :, 0].ravel().tolist()) == list(range(10))
        assert all(of[first] == of[second] for first, second in again[:, :, 0].tolist())
        drawn |= {tuple(sorted(pair)) for pair in again[:, :, 0].tolist()}
    assert len(drawn) > 12  # of the 15 + 6 pairs there are
