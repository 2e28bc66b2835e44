"""Distances between sets against scipy, by hand, and by what they must do at their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import linalg, stats

from antiphon.evaluate import distance as d
from antiphon.evaluate import mgeval
from antiphon.evaluate.descriptor import Standardiser

RNG = np.random.default_rng(5)


def rows(n: int, dimensions: int = 6, shift: float = 0.0) -> np.ndarray:
    return (
        np.random.default_rng([n, dimensions]).standard_normal((n, dimensions)) @ np.diag(np.arange(1, dimensions + 1)) + shift
    )


def test_frechet_against_scipy_sqrtm() -> None:
    a, b = rows(80), rows(90, shift=0.5)
    sa, sb = np.cov(a.T), np.cov(b.T)
    root = np.real(linalg.sqrtm(sa @ sb))
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(sa + sb - 2 * root)
    assert d.frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_frechet_of_a_set_with_itself_is_zero_even_with_few_rows() -> None:
    a = rows(5, 20)
    assert d.frechet_distance(a, a) == pytest.approx(0, abs=1e-6 * float((a**2).sum()))
    assert d.frechet_distance(a, a + 3) == pytest.approx(9 * 20, rel=1e-6)


def test_extrapolation_removes_most_of_the_small_sample_bias() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 400, 20))
    plain = d.frechet_distance(a, b)
    assert abs(d.frechet_extrapolated(a, b, rng)) < plain / 4
    assert math.isnan(d.frechet_extrapolated(a[:3], b[:3], rng))


def test_kernel_distance_against_the_double_sum() -> None:
    a, b = rows(7), rows(9, shift=1.0)
    kernel = d.polynomial_kernel(np.concatenate([a, b]), np.concatenate([a, b]))

    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 6 + 1) ** 3)

    own = sum(k(a[i], a[j]) for i in range(7) for j in range(7) if i != j) / 42
    other = sum(k(b[i], b[j]) for i in range(9) for j in range(9) if i != j) / 72
    across = np.mean([k(x, y) for x in a for y in b])
    assert d.kernel_distance(kernel, np.arange(7), np.arange(7, 16)) == pytest.approx(own + other - 2 * across, rel=1e-9)


def neighbours(a: np.ndarray, b: np.ndarray) -> d.Neighbours:
    both = np.concatenate([a, b])
    return d.neighbours(d.euclidean(both, both), np.arange(len(a)), np.arange(len(a), len(both)))


def test_neighbours_of_a_set_with_itself_and_of_strangers() -> None:
    a = rows(60)
    assert neighbours(a, a)[:2] == (1.0, 1.0) and neighbours(a, a).coverage == 1.0
    assert neighbours(a + 1000, a) == (0.0, 0.0, 0.0, 0.0)
    assert all(math.isnan(v) for v in neighbours(a[:4], a))


def test_collapse_shows_in_recall_coverage_and_diversity() -> None:
    a, b = RNG.standard_normal((2, 100, 4))
    few = np.repeat(a[:5], 20, axis=0)
    both = np.concatenate([few, b])
    table = d.euclidean(both, both)
    found = d.neighbours(table, np.arange(100), np.arange(100, 200))
    assert found.recall < 0.05 and found.coverage < 0.3
    assert d.diversity(table, np.arange(100), np.arange(100, 200)) == pytest.approx(0, abs=1e-6)
    assert d.diversity(table, np.arange(100, 200), np.arange(100, 200)) == pytest.approx(1)


def test_copying_test_tells_copies_from_strangers() -> None:
    train, held, fresh = RNG.standard_normal((3, 80, 5))
    z, p = d.copying_test(train[:60], held, train)
    assert z < -5 and p < 1e-6
    z, p = d.copying_test(fresh, held, train)
    assert abs(z) < 3 and p > 0.001


def test_normal_tail_against_scipy() -> None:
    for z in (-3.0, 0.0, 1.96, 5.0):
        assert d.normal_tail(z) == pytest.approx(stats.norm.sf(z), abs=1e-9)


def test_standardiser_makes_the_reference_normal_and_caps_strangers() -> None:
    reference = np.exp(RNG.standard_normal((200, 3)))
    reference[:, 2] = 1.0
    standard = Standardiser(reference)
    inside = standard(reference)
    assert abs(inside[:, :2].mean()) < 0.01 and inside[:, :2].std() == pytest.approx(1, abs=0.05)
    wild = standard(np.array([[1e9, -1e9, 5.0], [np.nan, np.nan, np.nan]]))
    assert wild[0, 0] == pytest.approx(-wild[0, 1]) and 2 < wild[0, 0] < 4
    assert wild[0, 2] == 1.0 and wild[1].tolist() == pytest.approx([0, 0, 0], abs=0.02)


def test_density_against_scipy_gaussian_kde() -> None:
    sample, grid = RNG.standard_normal(300), np.linspace(-3, 3, 50)
    assert mgeval.density(sample, grid) == pytest.approx(stats.gaussian_kde(sample)(grid), abs=1e-9)


def test_overlap_area_against_scipy() -> None:
    from scipy.integrate import quad

    a, b = RNG.standard_normal(200), RNG.standard_normal(200) + 1
    pa, pb = stats.gaussian_kde(a), stats.gaussian_kde(b)
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    area = quad(lambda x: min(pa(x)[0], pb(x)[0]), low, high, limit=200)[0]
    assert mgeval.overlap_area(a, b) == pytest.approx(area, abs=1e-4)


def test_published_divergence_against_scipy_entropy() -> None:
    a, b = RNG.standard_normal(100), RNG.standard_normal(100) * 2
    pa, pb = (stats.gaussian_kde(x)(np.linspace(x.min(), x.max(), 1000)) for x in (a, b))
    assert mgeval.divergence(a, b) == pytest.approx(stats.entropy(pa, pb), abs=1e-9)
