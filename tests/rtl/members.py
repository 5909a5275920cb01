"""What the section *Members* of a docstring says, held against a signature.

An entry is ``name, name: In(shape): what they mean``, or ``Out``. A shape is written as Amaranth has it: ``1``,
``signed(8)``, ``range(8)``, a signature of ours, or ``{value: 8, last: 1}`` for a structure, in terms of the
constructor's parameters. ``stream of`` stands before a stream's payload, ``n ×`` before what there are n of. An entry
``<name>`` is for all members that no other one names.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from amaranth.hdl import Shape, signed, unsigned
from amaranth.lib import data, stream, wiring

from tests.rtl.components import Described, Made

SECTION = re.compile(r"^Members\n-{7}\n(.+?)(?:\n\n|\Z)", re.M | re.S)
ENTRY = re.compile(r"(?P<names><?\w+>?(?:, \w+)*): (?P<flow>In|Out|In or Out)\((?P<shape>.+?)\): (?P<meaning>\S.*)")
OPTIONAL = re.compile(r"\(only (?:if|of|with) ")
OF_AMARANTH = {"Shape": Shape, "signed": signed, "unsigned": unsigned}
TIMES = " × "
STREAM = "stream of "


@dataclass(frozen=True)
class Entry:
    """What is said of a member."""

    flow: str
    shape: str
    optional: bool


def entries(text: str) -> dict[str, Entry]:
    """What a docstring says of each member, by name."""
    section = SECTION.search(inspect.cleandoc(text))
    assert section, "no section Members"
    found: dict[str, Entry] = {}
    for line in re.sub(r"\n {4,}", " ", section[1]).splitlines():
        entry = ENTRY.fullmatch(line)
        assert entry, f"not an entry of the form `name: In(shape): what it means`: {line}"
        for name in entry["names"].split(", "):
            assert name not in found, f"{name} is there twice"
            found[name] = Entry(entry["flow"], entry["shape"], bool(OPTIONAL.search(entry["meaning"])))
    return found


def members_of(instance: Described) -> wiring.SignatureMembers:
    """Its members."""
    return (instance if isinstance(instance, wiring.Signature) else instance.signature).members


def faults(made: Made, listed: dict[str, Entry]) -> Iterator[str]:
    """Where a docstring's entries and the members of an instance differ."""
    members = members_of(made.instance)
    others = next((name for name in listed if name.startswith("<")), None)
    for name, member in members.items():
        entry = listed.get(name, listed.get(others))
        if entry is None:
            yield f"{name} is not listed"
        elif member.flow.name not in entry.flow.split(" or "):
            yield f"{name} is {member.flow.name}, not {entry.flow}"
        else:
            said, is_ = _said(entry.shape, made, {str(others).strip("<>"): name}), _described(member)
            if not _same(said, is_):
                yield f"{name} is {is_}, not {entry.shape} = {said}"
    for name, entry in listed.items():
        if name not in members and name != others and not entry.optional:
            yield f"{name} is listed, but no member; is it optional? Then say `(only if …)`"


def _said(text: str, made: Made, place: dict[str, str]) -> object:
    """A shape, or a signature with the numbers of such ones in front of it."""
    before, is_stream, payload = text.rpartition(STREAM)
    if is_stream:
        return [*_counts(before.removesuffix(TIMES), made, place), stream.Signature(_said(payload, made, place))]
    *counts, element = text.split(TIMES)
    shape = _evaluated(element, made, place)
    if isinstance(shape, dict):
        shape = data.StructLayout(shape)
    for count in reversed(_counts(TIMES.join(counts), made, place)):
        shape = data.ArrayLayout(shape, count)
    return shape


def _counts(text: str, made: Made, place: dict[str, str]) -> list[int]:
    return [int(_evaluated(count, made, place)) for count in text.split(TIMES) if count]


def _evaluated(text: str, made: Made, place: dict[str, str]) -> object:
    """An expression of the constructor's parameters, the instance's own attributes, and what its module knows."""
    tree = ast.parse(re.sub(r"(\w+): ", r"'\1': ", text), mode="eval")
    known = OF_AMARANTH | vars(sys.modules[type(made.instance).__module__])
    for name in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - made.given.keys():
        if hasattr(made.instance, name):
            known[name] = getattr(made.instance, name)
    return eval(compile(tree, text, "eval"), known | made.given | place)


def _described(member: wiring.Member) -> object:
    """A member, as :func:`_said` has it."""
    if member.is_port:
        shape = member.shape
        for count in reversed(member.dimensions):
            shape = data.ArrayLayout(shape, count)
        return shape
    signature = member.signature if member.flow == wiring.Out else member.signature.flip()
    return [*member.dimensions, signature] if isinstance(signature, stream.Signature) else signature


def _same(said: object, is_: object) -> bool:
    if isinstance(said, list):
        return said == is_
    if isinstance(said, wiring.Signature):
        return type(said) is type(is_) and said.members == is_.members
    layouts = isinstance(said, data.Layout), isinstance(is_, data.Layout)
    return said == is_ if all(layouts) else not any(layouts) and Shape.cast(said) == Shape.cast(is_)
