"""Profiles fit the schema, and say what a collector needs."""

import polars as pl
import pytest

from collectors.profiles import (
    LIVENESS,
    EntityMapping,
    Kind,
    Mode,
    Profile,
    ProfileError,
    profile,
    profile_names,
)
from pipeline.decode.plan import elements, plan_of
from pipeline.schema import ENTITIES, NAME, PARTIAL, TIME

PROFILES = [profile(name) for name in profile_names()]
MAPPINGS = [mapping for one in PROFILES for mapping in one.entities]

FAMILIES = {"routes", "mac", "vtep", "es", "link", "bgp", "lacp", "lldp", "bfd", "isis", "ospf", LIVENESS}


def test_an_unknown_profile_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ProfileError, match=r"no vendor profile 'junos-99': use one of .*openconfig"):
        profile("junos-99")


@pytest.mark.parametrize("name", ["", "__init__", "../openconfig", "openconfig.PROFILE"])
def test_only_a_module_beside_the_contract_is_a_profile(name: str) -> None:
    with pytest.raises(ProfileError):
        profile(name)


@pytest.mark.parametrize("one", PROFILES, ids=lambda one: one.name)
def test_a_profile_is_named_like_its_module(one: Profile) -> None:
    assert profile(one.name) is one


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.path)
def test_every_column_that_a_profile_names_exists(mapping: EntityMapping) -> None:
    entity = ENTITIES[mapping.table]
    named = [(leaf.column, leaf.kind) for leaf in mapping.leaves] + [
        (key.column, key.kind) for key in mapping.keys
    ]
    for column, kind in named:
        if kind is Kind.EXT_COMMUNITIES:
            assert column == ""
            continue
        columns = (f"{column}_hi", f"{column}_lo") if kind is Kind.IP else (column,)
        assert set(columns) <= {*entity.keys, *entity.leaves}
    assert set(mapping.constants) <= set(entity.keys)


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.path)
def test_every_kind_fits_the_type_of_its_column(mapping: EntityMapping) -> None:
    entity = ENTITIES[mapping.table]
    types = {**entity.keys, **entity.leaves}
    fields = [(key.column, key.kind) for key in mapping.keys] + [
        (leaf.column, leaf.kind) for leaf in mapping.leaves
    ]
    for column, kind in fields:
        if kind in (Kind.IP, Kind.EXT_COMMUNITIES):
            continue
        dtype = types[column]
        match kind:
            case Kind.UINT | Kind.HOST_LENGTH | Kind.MAC:
                fits = dtype.is_unsigned_integer()
            case Kind.TIME_NS:
                fits = dtype == TIME
            case Kind.BOOL:
                fits = dtype == pl.Boolean
            case _:
                fits = dtype == NAME
        assert fits, f"{column} is {dtype}, its kind {kind}"


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.path)
def test_every_reference_names_a_list_key_of_the_path(mapping: EntityMapping) -> None:
    there = {f"{element}[{key}]" for element, keys in elements(mapping.path) for key in keys}
    assert {key.ref for key in mapping.keys} | set(mapping.where) <= there


@pytest.mark.parametrize("one", PROFILES, ids=lambda one: one.name)
def test_a_profile_has_every_family_and_one_cheap_liveness_sample(one: Profile) -> None:
    assert set(one.families) == FAMILIES
    assert len(one.liveness.paths) == 1
    assert one.liveness.mode is Mode.SAMPLE


@pytest.mark.parametrize("one", PROFILES, ids=lambda one: one.name)
def test_only_samples_have_an_interval(one: Profile) -> None:
    for subscription in one.subscriptions:
        assert (subscription.interval is not None) == (subscription.mode is Mode.SAMPLE)


@pytest.mark.parametrize("one", PROFILES, ids=lambda one: one.name)
def test_what_is_mapped_is_subscribed_to(one: Profile) -> None:
    subscribed = [asked.strip("/") for subscription in one.subscriptions for asked in subscription.paths]
    for mapping in one.entities:
        path = "/".join(element for element, _ in elements(mapping.path))
        assert any(path.startswith(asked) or asked.startswith(path) for asked in subscribed)


@pytest.mark.parametrize("one", PROFILES, ids=lambda one: one.name)
def test_a_profile_compiles(one: Profile) -> None:
    assert len(plan_of(one.name).sources) == len(one.entities)


def test_no_entity_has_a_column_called_like_one_of_the_partial_row() -> None:
    for entity in ENTITIES.values():
        assert not {*entity.keys, *entity.leaves} & {*PARTIAL, "number", "told"}
