"""Entry: one table of a case file. Frozen; unknown keys refused with the nearest name."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from .errors import CaseError, Mistake


def key(default: Any = ..., doc: str = "", **bounds: Any) -> Any:
    """A key of a case file: default (text with unit), a line of doc, bounds of plain numbers."""
    return Field(default, description=doc, validate_default=True, **bounds)


def nearest(word: str, known: Iterable[str]) -> str:
    """'did you mean "x"?', or the names there are."""
    names = sorted(known)
    close = difflib.get_close_matches(word.lower(), [n.lower() for n in names], n=1, cutoff=0.6)
    if close:
        return f'Did you mean "{next(n for n in names if n.lower() == close[0])}"?'
    return f"Known: {', '.join(names)}." if names else ""


def refuse(problem: str, hint: str = "") -> PydanticCustomError:
    """The error to raise in a validator: what is wrong and what is allowed, then the likely fix."""
    return PydanticCustomError("holdersim", "{problem}", {"problem": problem, "hint": hint})


def some(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items of a list that may not be empty."""
    if not items:
        raise refuse("the list is empty.")
    return items


class Entry(BaseModel):
    """One table of a case file."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            raise explained(error, cls) from None

    def contents(self) -> dict[str, str]:
        """By key what a file holds, where that and not its name makes the case what it is."""
        return {}


class Document(Entry):
    """A whole file; a subclass judges what needs more than one key or another file."""

    what: ClassVar[str] = "case"
    _name: str = PrivateAttr("")

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        context = info.context or {}
        source = context.get("source", cls.what)
        try:
            made = handler(data)
        except ValidationError as error:
            raise CaseError(source, mistakes(explained(error, cls))) from None
        made._name = context.get("name", cls.what)
        wrong = made.judge(context)
        if wrong:
            raise CaseError(source, wrong)
        return made

    def judge(self, context: Mapping[str, Any]) -> list[Mistake]:
        """Mistakes that no single key shows; context: folder, source and name of the file, where there is one."""
        return []

    @property
    def name(self) -> str:
        """Name of the file without suffix."""
        return self._name


Read = TypeVar("Read", bound=Document)


def read_toml(path: str | Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Tables of a TOML file, and the context for validating them; CaseError where it cannot be read."""
    file = Path(path)
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as missing:
        raise CaseError(str(path), [Mistake("file", f"cannot be read ({missing.strerror}).")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise CaseError(str(path), [Mistake("file", f"is not TOML: {broken}.")]) from None
    return data, {"folder": str(file.resolve().parent), "source": str(path), "name": file.stem}


def read_document(path: str | Path, kind: type[Read]) -> Read:
    """A document of some kind in a TOML file; CaseError with every mistake."""
    data, context = read_toml(path)
    return kind.model_validate(data, context=context)


def explained(error: ValidationError, cls: type[BaseModel]) -> ValidationError:
    """The same mistakes in words a user can act on."""
    lines = [_line(e, cls) for e in error.errors(include_url=False)]
    return ValidationError.from_exception_data(cls.__name__, lines)


def _line(e: Any, cls: type[BaseModel]) -> InitErrorDetails:
    problem, hint = e["msg"].replace("Input should be", "must be") + ".", ""
    match e["type"]:
        case "holdersim":
            problem, hint = e["ctx"]["problem"], e["ctx"]["hint"]
        case "extra_forbidden":
            problem, hint = "unknown key.", _place(str(e["loc"][-1]), cls)
        case "missing":
            field = cls.model_fields.get(str(e["loc"][-1]))
            problem, hint = (
                "is missing.",
                f"It is {field.description}." if field and field.description else "",
            )
        case "literal_error":
            problem = f"must be {e['ctx']['expected']}."
        case "model_type" | "model_attributes_type":
            problem, hint = "must be a table.", "Write { key = value, ... }."
    loc = tuple(p for p in e["loc"])
    given = None if e["type"] == "missing" else e["input"]
    return InitErrorDetails(type=refuse(problem, hint), loc=loc, input=given)


def _place(name: str, cls: type[BaseModel]) -> str:
    """The nearest key of a table, or the table inside it where this key belongs."""
    hint = nearest(name, cls.model_fields)
    if hint.startswith("Known"):
        for table, field in cls.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel) and name in inner.model_fields:
                return f"It belongs into the table {table}. {hint}"
    return hint


def mistakes(error: ValidationError) -> list[Mistake]:
    """What a user can mend, one line per mistake."""
    return [_mistake(e) for e in error.errors(include_url=False)]


def _mistake(e: Any) -> Mistake:
    where = ""
    for part in e["loc"]:
        where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    ctx = e.get("ctx", {})
    return Mistake(where or "case", ctx.get("problem", e["msg"]), _given(e["input"]), ctx.get("hint", ""))


def _given(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return (
        str(value).lower()
        if isinstance(value, bool)
        else str(value)
        if isinstance(value, int | float)
        else ""
    )


class Tagged(Entry):
    """An entry that names its class by a key: `kind = "two_electrode"`, `do = "tighten"`."""

    tag: ClassVar[str] = "kind"
    kind_name: ClassVar[str] = ""

    @model_serializer(mode="wrap")
    def _with_tag(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {self.tag: self.kind_name, **handler(self)}


def pick(
    tag: str, kinds: Callable[[], Mapping[str, type[Tagged]]], absent: Mapping[str, str] | None = None
) -> Callable[[Any, ValidationInfo], Any]:
    """Before-validator that chooses the class by its tag; `absent`: names not available yet."""

    def choose(value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, Mapping):
            return value
        known, name = kinds(), value.get(tag)
        if not isinstance(name, str) or name not in known:
            if name is None:
                raise refuse(f'needs the key "{tag}".', f"Known: {', '.join(sorted(known))}.")
            why = (absent or {}).get(str(name))
            raise refuse(
                f'{tag} "{name}" {why}' if why else f'there is no {tag} "{name}".', nearest(str(name), known)
            )
        rest = {k: v for k, v in value.items() if k != tag}
        return known[name].model_validate(rest, context=info.context)

    return choose


@cache
def _defaults(cls: type[Entry]) -> dict[str, Any]:
    """Defaults of an entry as they are dumped."""
    out = {}
    for name, field in cls.model_fields.items():
        if not field.is_required():
            form: Any = Annotated[field.annotation, *field.metadata, Field()]
            adapter: TypeAdapter[Any] = TypeAdapter(form)
            value = adapter.validate_python(field.get_default(call_default_factory=True, validated_data={}))
            out[name] = adapter.dump_python(value, mode="json", exclude_none=True)
    return out


def explicit(entry: Entry) -> dict[str, Any]:
    """What differs from the defaults, as plain data: the same however a case was spelt."""
    if hasattr(entry, "fingerprint"):
        return {"fingerprint": entry.fingerprint()}
    dump, defaults = entry.model_dump(mode="json", exclude_none=True), _defaults(type(entry))
    out = {entry.tag: entry.kind_name} if isinstance(entry, Tagged) else {}
    for name in type(entry).model_fields:
        if name in dump and (name not in defaults or dump[name] != defaults[name]):
            out[name] = _plain(getattr(entry, name), dump[name])
    return out | entry.contents()


def _plain(value: Any, dumped: Any) -> Any:
    if isinstance(value, Entry):
        return explicit(value)
    if isinstance(value, tuple) and value and all(isinstance(v, Entry) for v in value):
        return [explicit(v) for v in value]
    return dumped
