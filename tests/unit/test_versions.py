"""Images as they are pulled: from where they come from, or from a mirror."""

from __future__ import annotations

import pytest

import versions
from settings import Images
from versions import Image

IMAGE = Image("docker.io/prom/prometheus", "v3.1.0", "prometheus", digest="sha256:0123")


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (Images(), "docker.io/prom/prometheus:v3.1.0@sha256:0123"),
        (Images(digests=False), "docker.io/prom/prometheus:v3.1.0"),
        (Images(registry="r.example.org:5000"), "r.example.org:5000/prom/prometheus:v3.1.0@sha256:0123"),
        (Images(registry="r.example.org/a/b", digests=False), "r.example.org/a/b/prom/prometheus:v3.1.0"),
    ],
)
def test_an_image_is_pulled_by_tag_and_digest_from_where_the_settings_say(
    images: Images, expected: str
) -> None:
    assert versions.reference(IMAGE, images) == expected


def test_an_image_without_a_digest_is_pulled_by_its_tag() -> None:
    assert versions.reference(Image("ghcr.io/a/b", "v1", "b"), Images()) == "ghcr.io/a/b:v1"


def test_every_image_names_its_registry() -> None:
    """A prefix takes the place of the first part, which so has to be a host."""
    for image in versions.every():
        host, _, path = image.repository.partition("/")
        assert "." in host, image.repository
        assert path, image.repository


def test_no_two_images_are_the_same_behind_a_prefix() -> None:
    mirrored = [
        versions.reference(image, Images(registry="mirror.example.org")) for image in versions.every()
    ]
    assert len(set(mirrored)) == len(mirrored)
