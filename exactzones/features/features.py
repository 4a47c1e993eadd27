"""The features of a layer, or of a sparse autoencoder or transcoder on top of it, and questions about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from exactzones.arguments import (
    DomainLike,
    NetworkLike,
    Progress,
    as_deadline,
    as_domain,
    as_network,
    as_progress,
    as_seconds,
    as_text,
)
from exactzones.certification import (
    CanFire,
    CannotFire,
    CoFiring,
    NearestInput,
    ProvedMaximum,
    Undecided,
    certify,
    dead_features,
    maximum,
    nearest_input,
    together,
)
from exactzones.deadline import Deadline
from exactzones.errors import DimensionError, InputError, quoted
from exactzones.features.answers import Asked, survey
from exactzones.features.islands import FeatureIsland, islands_of, listed_zones
from exactzones.files import write_atomically
from exactzones.models import from_torch
from exactzones.models.arrays import Array
from exactzones.models.sparse_coder import SparseCoder, read_sparse_coder
from exactzones.network import Network
from exactzones.polyhedra.projection import Norm
from exactzones.property import Disjunction, Property, among_largest, feature
from exactzones.rational import Vector, entries, index, read_points
from exactzones.roundings import UnknownRoundings
from exactzones.zones.locate import Locator

_ZERO = Fraction(0)
_THRESHOLDS = UnknownRoundings(
    "has a bias and thresholds, which are one number here and two in floats; bounds for this are missing"
)


@dataclass(frozen=True, eq=False)
class Features:
    """Features as functions of a network's input: the units of a layer, or the latents of a sparse autoencoder on top of it.

    ``domain`` is a polyhedron, such as ``bounding(data)``, a box such as "0:8", or None for all of the input space.

    Attributes:
        network: its last layer has a unit for each feature, which is positive exactly where the feature exceeds its threshold.
        thresholds: of a JumpReLU, shape (features,); else None.
        k: of a TopK, how many features it keeps; else None.
        name: where the features come from.

    >>> import numpy as np
    >>> sae = {"W_enc": np.array([[1, -1, 1], [0, 0, 1]]), "b_enc": np.array([0, 0, -2]), "threshold": np.array([0.5, 0.5, 1])}
    >>> features = Features.of(sae=sae)
    >>> [*features.dead((-1, 1))], features([1, 0])
    ([2], (Fraction(1, 1), Fraction(0, 1), Fraction(0, 1)))
    """

    network: Network = field(repr=False)
    thresholds: Vector | None = field(repr=False)
    k: int | None
    name: str

    @classmethod
    def of(
        cls,
        network: NetworkLike | None = None,
        sae: Any = None,
        *,
        activation: str | None = None,
        k: int | None = None,
        apply_b_dec_to_input: bool | None = None,
    ) -> Features:
        """Return the features of a network's last layer, or those of a sparse autoencoder or transcoder.

        Args:
            network: a network or its file, whose output the autoencoder reads; None: the inputs are what the autoencoder reads.
            sae: see ``from_torch``; None: the features are the network's outputs, or what is read of them, see
                ``Network.output_ports``.
            activation: "relu", "jumprelu" or "topk", where the autoencoder's file does not tell.
            k: of a TopK, how many features it keeps, where the file does not tell.
            apply_b_dec_to_input: whether the autoencoder subtracts ``b_dec`` from its input, where the file does not tell.

        Raises:
            DimensionError: the autoencoder reads another number of activations than the network has outputs.
            InputError: neither a network nor an autoencoder, or one that cannot be read.
        """
        if network is None and sae is None:
            raise InputError('there is neither a network nor a sparse autoencoder; write Features.of(sae="sae.safetensors")')
        base = None if network is None else as_network(network)
        if sae is None and base is not None:
            return cls(base, None, None, _name(network))
        coder = read_sparse_coder(sae, activation=activation, k=k, apply_b_dec_to_input=apply_b_dec_to_input)
        return cls._on(base, coder, _name(sae) if network is None else f"{_name(sae)} on {_name(network)}")

    @classmethod
    def from_torch(
        cls,
        model: Any,
        layer: str | None = None,
        sae: Any = None,
        *,
        input_shape: Any = None,
        side: str | None = None,
        **options: Any,
    ) -> Features:
        """Return the features at a layer of a PyTorch module, as functions of the module's input.

        The module may be anything after the layer; up to it, it must be piecewise linear.  Where it is not, begin at the layer:
        ``Features.of(sae=..)`` asks about the activations there, which ``activations(model, layer, inputs)`` records.

        Args:
            model: a ``torch.nn.Module``.
            layer: the name of a part, such as "blocks.3.mlp"; None is the whole module.
            sae: a sparse autoencoder or transcoder on top of the layer: the path of a file .safetensors, .npz or .pt, or of its
                folder, a dict of arrays, or a module.  The layouts of SAELens, sparsify and dictionary_learning and those of
                common transcoders are read.  None: the features are the layer's own units.
            input_shape: of one sample, as for the function ``from_torch``.
            side: the layer's "output" or "input"; by default "input" for a transcoder, else "output".
            options: ``activation``, ``k`` and ``apply_b_dec_to_input``, as for ``of``.

        Raises:
            InputError: the module cannot be read, see the function ``from_torch``; or as for ``of``.
        """
        coder = None if sae is None else read_sparse_coder(sae, **options)
        chosen = side or ("input" if layer is not None and coder is not None and coder.is_transcoder else "output")
        base = from_torch(model, input_shape, layer=layer, side=chosen)
        place = f"{type(model).__name__}{f'.{layer}' if layer else ''}{' (input)' if chosen == 'input' else ''}"
        if coder is None:
            return cls(base, None, None, place)
        return cls._on(base, coder, f"{_name(sae)} on {place}")

    @classmethod
    def _on(cls, base: Network | None, coder: SparseCoder, name: str) -> Features:
        """Return the features of an encoder on top of a network."""
        layer = coder.layer()
        if base is not None and base.widths[-1] != layer.inputs:
            raise DimensionError("input of the sparse autoencoder", expected=base.widths[-1], got=layer.inputs)
        left_out = next((port.before for port in base.output_ports if port.before), "") if base else ""
        if left_out:
            raise InputError(f"the network is read up to the values before {left_out}; end it where the autoencoder reads")
        if coder.thresholds is not None:
            shifted = tuple(b - max(t, _ZERO) for b, t in zip(layer.bias, coder.thresholds, strict=True))
            joined = any(b and t > 0 for b, t in zip(layer.bias, coder.thresholds, strict=True))
            layer = replace(layer, bias=shifted, roundings=_THRESHOLDS if joined else layer.roundings)
        return cls(Network((*(base.layers if base else ()), layer)), coder.thresholds, coder.k, name)

    def __len__(self) -> int:
        return self.network.widths[-1]

    @cached_property
    def preactivations(self) -> Network:
        """The network whose last layer has the features before their activation function, without thresholds."""
        if self.thresholds is None:
            return self.network
        *before, last = self.network.layers
        bias = tuple(b + max(t, _ZERO) for b, t in zip(last.bias, self.thresholds, strict=True))
        return Network((*before, replace(last, bias=bias)))

    def __call__(self, point: Any) -> Vector:
        """Return the features' activations at an input, exactly; of a TopK, ties between kept and dropped values are dropped."""
        values = self.preactivations.trace(point)[-1]
        if self.k is not None:
            least = sorted(values, reverse=True)[self.k]  # the greatest that is dropped
            return tuple(value if value > max(least, _ZERO) else _ZERO for value in values)
        floors = self.thresholds or (_ZERO,) * len(values)
        return tuple(value if value > max(floor, _ZERO) else _ZERO for value, floor in zip(values, floors, strict=True))

    def prop(self, unit: int) -> Property | Disjunction:
        """Return the property of ``network`` that a feature fires, for all functions that take one.

        Raises:
            InputError: there is no such feature; or the sets of features that TopK may drop are too many.
        """
        number = self._unit(unit)
        if self.k is None:
            return feature(number)
        return feature(number) & among_largest(number, self.k, len(self))

    def _unit(self, unit: Any) -> int:
        number = index(unit, "feature")
        if not 0 <= number < len(self):
            raise InputError(f"feature is {number}; expected 0 to {len(self) - 1}")
        return number

    def fires(self, data: Any) -> Array:
        """Tell which features fire at which points, exactly: truth values of shape (points, features).

        Args:
            data: shape (points, inputs).

        Raises:
            InputError: not points of the input space.
        """
        points, many = read_points(data)
        if not many:
            points = [points] if len(points) else []
        if self.k is not None or not self.network.is_rational:
            return np.array([[value > 0 for value in self(point)] for point in points], bool).reshape(-1, len(self))
        *before, last = self.network.layers
        signed = (*before, replace(last, relu=(True,) * len(self)))
        return Locator(signed, self.network.inputs, None, ()).signs(points)[:, -len(self) :] > 0

    def dead(
        self,
        domain: DomainLike = None,
        *,
        seconds: float | Deadline | None = None,
        jobs: int = 1,
        progress: Progress | None = None,
    ) -> dict[int, CannotFire | Undecided]:
        """Return the features that fire nowhere on a domain, each with its certificate; see ``dead_features``.

        Args:
            domain: see the class.
            seconds: time limit for each feature, or a deadline for all; one that is not decided in this time is Undecided.
            jobs: number of processes on this machine.
            progress: called now and then with (features decided, features).
        """
        if self.k is None:
            return dead_features(self.network, domain, seconds=seconds, jobs=jobs, progress=progress)
        report, dead = as_progress(progress), dict[int, CannotFire | Undecided]()
        for unit in range(len(self)):
            decision = certify(self.network, self.prop(unit), domain, seconds=seconds, jobs=jobs)
            if not isinstance(decision, CanFire):
                dead[unit] = decision
            if report is not None:
                report(unit + 1, len(self))
        return dead

    def together(
        self,
        domain: DomainLike = None,
        units: Any = None,
        *,
        seconds: float | Deadline | None = None,
        jobs: int = 1,
        progress: Progress | None = None,
    ) -> CoFiring:
        """Decide for all pairs of features whether they fire together, at one point of a domain; see the function ``together``.

        Args:
            domain: see the class.
            units: the features' numbers; None is all.
            seconds: time limit for each pair that needs a search, or a deadline for all.
            jobs: number of processes on this machine.
            progress: called now and then with (pairs decided, pairs).

        Raises:
            InputError: of a TopK, pairs are asked about one by one.
        """
        if self.k is not None:
            raise InputError(
                "a matrix of pairs is computed for ReLU and JumpReLU; for TopK, write "
                "certify(features.network, features.prop(0) & features.prop(1), domain)"
            )
        return together(self.network, units, domain, seconds=seconds, jobs=jobs, progress=progress)

    def strongest(self, unit: int, domain: DomainLike = None, *, seconds: float | None = None, jobs: int = 1) -> ProvedMaximum:
        """Return the largest pre-activation of a feature on a domain, with the input and a certificate; see ``maximum``.

        The certificate is about ``preactivations``: there the feature is nowhere greater.  Of a TopK, the value bounds the
        activation, whether the feature is kept at the input or not.

        Raises:
            BudgetExceeded: time is up; ``found`` is the largest value so far.
        """
        return maximum(self.preactivations, self._unit(unit), domain, seconds=seconds, jobs=jobs)

    def nearest(
        self, unit: int, point: Any, domain: DomainLike = None, *, norm: Norm = 2, seconds: float | Deadline | None = None
    ) -> NearestInput | None:
        """Return the input nearest to a point at which a feature fires; None if it fires nowhere.  See ``nearest_input``."""
        return nearest_input(self.network, self.prop(unit), point, norm, domain, seconds=seconds)

    def islands(
        self, unit: int, domain: DomainLike = None, data: Any = (), *, seconds: float | Deadline | None = None
    ) -> tuple[FeatureIsland, ...]:
        """Return the islands of a feature, with the data points in each; people look for those that hold none.

        Args:
            unit: the feature.
            domain: see the class.
            data: points, shape (points, inputs).
            seconds: time limit.

        Raises:
            BudgetExceeded: time is up; ``found`` has the zones so far.

        >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
        >>> Features.of(net).islands(0, (-3, 3), [[2], [0]])
        (FeatureIsland(1 zones, 1 data points), FeatureIsland(1 zones, 0 data points))
        """
        points = [self.network.point(point) for point in entries(data, "data", "points, shape (points, inputs)")]
        return islands_of(listed_zones(self.network, self.prop(unit), as_domain(domain, self.network.inputs), seconds), points)

    def report(
        self,
        path: str | PathLike[str],
        domain: DomainLike = None,
        data: Any = (),
        *,
        units: Any = None,
        names: Sequence[str] | None = None,
        labels: Mapping[int, str] | None = None,
        title: str | None = None,
        seconds: float | None = 5,
        total_seconds: float | Deadline | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Write an HTML page with a card for each feature, and which features fire together.

        A card says whether the feature is dead, how large it becomes, at which data points it fires, which islands hold none, and
        which data point is nearest to firing, with witnesses and certificates.  With two inputs it has a picture.

        Args:
            path: of the file.
            domain: see the class.
            data: points, shape (points, inputs); those outside the domain are left out.
            units: the features' numbers; None is all.
            names: of the inputs; ``x0``, ``x1``, .. by default.
            labels: what features are called, by number.
            title: of the page; by default where the features come from.
            seconds: time limit for each question, of which a feature has up to four; what is not decided in this time is said to
                be open.
            total_seconds: time limit for all of them; the page is then about the features that were reached, and says so.
            progress: called with (features done, features).

        Raises:
            FormatError: the path does not end in .html or .htm.
            InputError: more features than a report has cards for, or the file cannot be written.
        """
        from exactzones.features.report import report_page  # noqa: PLC0415 - pages are slow to import
        from exactzones.view.pages import page_path  # noqa: PLC0415

        target, show = page_path(path), as_progress(progress)
        if labels is not None and not isinstance(labels, Mapping):
            raise InputError(f"labels is {quoted(labels)}; expected a dict such as {{2: 'edges'}}")
        heading = self.name if title is None else as_text(title, "title")
        asked = Asked(units, names, labels or {}, as_seconds(seconds), as_deadline(total_seconds))
        contents = survey(self, domain, data, asked, show)
        write_atomically(target, report_page(contents, heading).encode())


def _name(source: Any) -> str:
    if isinstance(source, (str, PathLike)):
        path = Path(fspath(source))
        return path.name or str(path)
    return "the network" if isinstance(source, Network) else type(source).__name__
