"""Make the networks under examples/networks: two with random weights that samples mislead, and five small trained classifiers.

* ``text_2_10_2_10``: the shape of "Multi-Layer Latent Space Visualization", two blocks with PyTorch's default initialisation.
  Its seed was searched for (``--search``): one feature has an island that samples of [-4, 4]^2 cannot see, another never fires.
* ``small_island``: random weights of few digits.  One feature has an island that takes 1/18,000 of [-6, 6]^2.
* ``iris_2d``, ``iris``, ``wine``, ``breast_cancer``, ``digits``: multi-layer perceptrons trained on data that scikit-learn ships.

Each class has an output of its own, a score that is positive where the network says "this class" (a one-against-all logistic
loss), so that "feature i fires" means something.  Standardisation and projection happen before the network and are not part of
it: it takes the projected inputs.  Weights are rounded to float32 first, and the accuracy is that of the rounded network,
evaluated exactly on the data that was held out.

Run it:  python examples/train.py                    (all of them, and prints what README.md tells)
         python examples/train.py --search 0         (tries seeds from 0 on, a minute or two)

Another version of scikit-learn may train other weights; the files in the repository are those that README.md speaks of.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage
from sklearn import datasets
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from exactzones import Network, Polyhedron, Zones, feature, find_zones
from exactzones.models import from_sklearn, load_network, save_network

FOLDER = Path(__file__).parent / "networks"

SEED = 58205
"""The first seed that ``search`` accepts."""

BOX, SEEN = Polyhedron.box(-6, 6, dim=2), Polyhedron.box(-4, 4, dim=2)


# Networks with random weights.


def fresh_weights(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (weight, bias) of 2-10-2-10 layers, uniform in +-1/sqrt(inputs) like a new ``torch.nn.Linear``, in float32."""
    generator = np.random.default_rng(seed)
    layers = []
    for outputs, inputs in ((10, 2), (2, 10), (10, 2)):
        bound = inputs**-0.5
        weight = generator.uniform(-bound, bound, (outputs, inputs)).astype(np.float32)
        layers.append((weight, generator.uniform(-bound, bound, outputs).astype(np.float32)))
    return layers


def text_network(seed: int = SEED) -> Network:
    """Return the network of these weights: a block (up-projection, ReLU, down-projection) and the ReLU features after it."""
    return Network.of(*((weight, bias, k != 1) for k, (weight, bias) in enumerate(fresh_weights(seed))))


def small_island() -> Network:
    """Return the network 2-10-10-4 of the README's picture: weights are multiples of 1/8, biases of 1/2."""
    generator = np.random.default_rng(299)  # a seed with a feature of two islands, one of them this small
    layers = []
    for outputs, inputs, relu in ((10, 2, True), (10, 10, True), (4, 10, False)):
        weight = generator.integers(-9, 10, (outputs, inputs)) / 8
        layers.append((weight, generator.integers(-9, 10, outputs) / 2, relu))
    return Network.of(*layers)


def hidden_islands(zones: Zones) -> list[tuple[int, ...]]:
    """Return the islands that lie in [-6, 6]^2 and have no point in [-4, 4]^2."""
    return [island for island in zones.islands if all(_is_between(zones[k].firing) for k in island)]


def _is_between(part: Polyhedron) -> bool:
    return part.is_subset(BOX) and part.intersect(SEEN).is_empty


def search(seeds: Iterable[int]) -> int:
    """Return the first seed that does: a feature never fires, and one has two islands or more, one of them hidden.

    A grid of samples proposes (and may overlook a thin island), exact zones over the whole plane decide.
    """
    side = 61
    axis = np.linspace(-6, 6, side)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    largest = np.abs(grid).max(axis=1).reshape(side, side)
    off_limits = (largest > 6 - 1e-9) | (largest < 4 + 1e-9)
    for seed in seeds:
        (up, up_bias), (down, down_bias), (last, last_bias) = fresh_weights(seed)
        fires = (np.maximum(grid @ up.T + up_bias, 0) @ down.T + down_bias) @ last.T + last_bias > 0
        silent = np.flatnonzero(~fires.any(axis=0))
        proposed = [k for k in range(10) if silent.size and _has_piece_outside(fires[:, k].reshape(side, side), off_limits)]
        network = text_network(seed)
        candidates = (find_zones(network, feature(k)) for k in proposed)
        if any(0 < len(hidden_islands(zones)) < len(zones.islands) for zones in candidates) and any(
            not find_zones(network, feature(int(k))) for k in silent
        ):
            return seed
    raise SystemExit("none of these seeds will do")


def _has_piece_outside(fires: np.ndarray, off_limits: np.ndarray) -> bool:
    labels, count = ndimage.label(fires)
    return bool(set(range(1, count + 1)) - set(labels[off_limits].tolist()))


# Trained classifiers.


@dataclass(frozen=True)
class Recipe:
    """How a classifier is made.

    Attributes:
        load: the data.
        projection: what happens before the network; fitted on the training part only.
        hidden: number of hidden neurons.
        alpha: scikit-learn's L2 penalty.
        seed: of the initial weights.
    """

    load: Callable[[], Any]
    projection: Any
    hidden: int
    alpha: float
    seed: int


def _petals(flowers: np.ndarray) -> np.ndarray:
    return flowers[:, 2:]


def _grey(pixels: np.ndarray) -> np.ndarray:
    return pixels / 16


RECIPES = {
    "iris_2d": Recipe(datasets.load_iris, FunctionTransformer(_petals), hidden=8, alpha=0.001, seed=52),
    "iris": Recipe(datasets.load_iris, FunctionTransformer(), hidden=10, alpha=0.01, seed=13),
    "wine": Recipe(datasets.load_wine, make_pipeline(StandardScaler(), PCA(3)), hidden=12, alpha=1, seed=0),
    "breast_cancer": Recipe(datasets.load_breast_cancer, make_pipeline(StandardScaler(), PCA(2)), hidden=16, alpha=0.3, seed=4),
    "digits": Recipe(datasets.load_digits, make_pipeline(FunctionTransformer(_grey), PCA(4)), hidden=12, alpha=0.1, seed=1),
}
"""The seeds of iris_2d, iris and digits were chosen because a class has two islands in the stated domain."""


def train(recipe: Recipe) -> tuple[Network, float]:
    """Return a classifier with float32 weights and its accuracy on the quarter of the data that was held out."""
    data = recipe.load()
    known, unknown, labels, expected = train_test_split(
        data.data, data.target, test_size=0.25, random_state=0, stratify=data.target
    )
    inputs, classes = recipe.projection.fit_transform(known), len(data.target_names)
    targets = np.eye(classes, dtype=int)[labels] if classes > 2 else labels
    model = MLPClassifier((recipe.hidden,), solver="lbfgs", alpha=recipe.alpha, max_iter=2000, random_state=recipe.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(inputs, targets)
    model.coefs_ = [weight.astype(np.float32) for weight in model.coefs_]
    model.intercepts_ = [bias.astype(np.float32) for bias in model.intercepts_]
    network = from_sklearn(model)
    predicted = [_class_of(network, point) for point in recipe.projection.transform(unknown)]
    return network, float(np.mean(np.array(predicted) == expected))


def _class_of(network: Network, point: np.ndarray) -> int:
    scores = network(point.tolist())
    return scores.index(max(scores)) if len(scores) > 1 else int(scores[0] > 0)


# Files.


def save(network: Network, name: str) -> None:
    """Write a network as .npz and .onnx, and make sure that both files hold it bit for bit."""
    for suffix in (".npz", ".onnx"):
        path = FOLDER / f"{name}{suffix}"
        save_network(network, path)
        if load_network(path).sha256 != network.sha256:
            raise SystemExit(f"{path.name} holds another network")


def main() -> None:
    """Make every network and print what it is, or search for a seed."""
    parser = argparse.ArgumentParser(description="Make the networks under examples/networks.")
    parser.add_argument("--search", type=int, metavar="SEED", help="only search for a seed of text_2_10_2_10, from this one on")
    start = parser.parse_args().search
    if start is not None:
        print(search(itertools.count(start)))
        return
    FOLDER.mkdir(exist_ok=True)
    network = text_network()
    save(network, "text_2_10_2_10")
    print(f"text_2_10_2_10: seed {SEED}, sha256 {network.sha256[:12]}")
    save(small_island(), "small_island")
    for name, recipe in RECIPES.items():
        network, accuracy = train(recipe)
        save(network, name)
        print(f"{name}: {accuracy:.1%} of the held-out data, sha256 {network.sha256[:12]}")


if __name__ == "__main__":
    main()
