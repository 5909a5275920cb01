from experiments.table1 import OWN, configurations


def test_every_cell_is_beside_the_papers() -> None:
    made = configurations()
    best = {
        (item.labels["trained on"], item.labels["tested on"]): item for item in made if item.labels["recipe"] == "best"
    }
    assert len(best) == 4
    assert all(len(item.seeds) >= 3 for item in best.values())
    assert best["D2 0.2", "D2 0.05"].paper == {"sndr_mean_db": 15.2567}
    own = [item for item in made if item.labels["recipe"] == OWN]
    assert all(item.labels["trained on"] != item.labels["tested on"] for item in own)
