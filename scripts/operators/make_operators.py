"""Writes media/operators.json: what every version of every ONNX operator takes, gives and can be told.

Only facts are read from the documents that the two projects generate from their schemas: names, types, what is
optional, variadic, required or deprecated, defaults and versions. What an operator computes is said in our own words, in
sentences.json; defaults.json says in words those defaults that a schema leaves to its text.

Usage, whenever the engine is updated: python3 scripts/operators/make_operators.py ONNX ONNXRUNTIME
Both are git folders (bare or not) of onnx/onnx and microsoft/onnxruntime; their newest commit is read and named.
"""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parent.parent / "media" / "operators.json"

SOURCES = [
    {"project": "onnx/onnx", "licence": "Apache-2.0", "files": ["docs/Changelog.md", "docs/Changelog-ml.md"]},
    {"project": "microsoft/onnxruntime", "licence": "MIT", "files": ["docs/ContribOperators.md"]},
]

# Domains in the order in which they are written; others (com.microsoft.nchwc) are left out.
DOMAINS = ["", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft"]

HEADING = re.compile(r"^### .*\*\*(?P<name>[\w.]+?)(-(?P<since>\d+))?\*\*(?P<deprecated> \(deprecated\))?(</a>)?$")
SINCE = re.compile(r"^This version of the operator has been (available|deprecated) since version (\d+) of")
ENTRY = re.compile(r"^<dt><tt>(?P<name>[^<]*)</tt>( \((?P<flags>[^)]*)\))? : (?P<rest>.*)</dt>$")
DEFAULT = re.compile(r"^(?P<type>.*?) \(default is (?P<default>.*)\)$")
LEAST = re.compile(r"^#### (?P<section>[\w ]+?)( \((?P<least>\d+) - (?P<most>\d+|&#8734;)\))?$")

# The product's words for element types, where they differ from the schema's.
TENSOR_TYPES = {"float": "float32", "double": "float64"}
ATTRIBUTE_TYPES = {"type_proto": "type", "list of tensors": "tensors", "list of graphs": "graphs",
                   "list of ints": "ints", "list of floats": "floats", "list of strings": "strings",
                   "sparse_tensor": "sparse tensor"}


def main(folders):
    sources = []
    versions = {}
    for folder, source in zip(folders, SOURCES, strict=True):
        commit = git(folder, "rev-parse", "HEAD").strip()
        sources.append({**source, "commit": commit})
        for file in source["files"]:
            for operator in parse(git(folder, "show", f"{commit}:{file}")):
                versions.setdefault((operator.pop("domain"), operator.pop("name")), []).append(operator)
    types = TypeSets()
    operators = [
        {"domain": domain, "name": name, **own_words(domain, name), "versions": [types.packed(each) for each in found]}
        for (domain, name), found in sorted(versions.items(), key=order)
        if domain in DOMAINS
    ]
    check_own_words(operators)
    write({"sources": sources, "types": types.names, "typeSets": types.sets, "operators": operators})
    print(f"{len(operators)} operators, {sum(len(each['versions']) for each in operators)} versions, "
          f"{TARGET.stat().st_size} bytes")


def git(folder, *command):
    return subprocess.run(["git", "-C", folder, *command], check=True, capture_output=True, text=True).stdout


def order(item):
    (domain, name), _ = item
    return (DOMAINS.index(domain) if domain in DOMAINS else len(DOMAINS), name)


def parse(document):
    """Yields one record per version of an operator, oldest version first (the documents' own order)."""
    operator = None
    section = None
    for line in document.splitlines():
        if line.startswith("### "):
            if operator:
                yield finished(operator)
            operator = started(HEADING.match(line))
            section = None
        elif operator is None:
            continue
        elif line.startswith("#### "):
            heading = LEAST.match(line)
            section = heading["section"]
            if section == "Inputs" and heading["least"] is not None:
                operator["least"] = int(heading["least"])
        elif section == "Version" and SINCE.match(line):
            stated = SINCE.match(line)
            if operator["since"] not in (None, int(stated[2])):
                raise ValueError(f"{operator['name']} has two versions: {line}")
            operator["since"] = int(stated[2])
        elif section and ENTRY.match(line):
            add_entry(operator, section, ENTRY.match(line))
    if operator:
        yield finished(operator)


def started(heading):
    domain, _, name = heading["name"].rpartition(".")
    since = heading["since"]
    return {"domain": domain, "name": name, "since": int(since) if since else None,
            "deprecated": bool(heading["deprecated"]), "attributes": [], "inputs": [], "outputs": [],
            "constraints": {}, "least": None}


def add_entry(operator, section, entry):
    name, flags, rest = entry["name"], (entry["flags"] or "").split(", "), entry["rest"]
    if section == "Attributes":
        operator["attributes"].append(attribute(name, rest))
    elif section == "Type Constraints":
        operator["constraints"][name] = rest.split(", ") if "(" in rest else [rest]
    elif section in ("Inputs", "Outputs"):
        kind = next((flag for flag in flags if flag in ("optional", "variadic")), None)
        value = {"name": name, "type": rest}
        if kind:
            value["kind"] = kind
        operator[section.lower()].append(value)


def attribute(name, rest):
    if rest.endswith(" (required)"):
        return {"name": name, "type": attribute_type(rest.removesuffix(" (required)")), "required": True}
    stated = DEFAULT.match(rest)
    if not stated:
        return {"name": name, "type": attribute_type(rest)}
    kind = attribute_type(stated["type"])
    return {"name": name, "type": kind, "default": default_value(kind, stated["default"])}


def attribute_type(text):
    return ATTRIBUTE_TYPES.get(text, text)


def default_value(kind, text):
    """A default as JSON holds it: numbers, texts, and lists of them."""
    if kind == "string":
        return text
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text.strip("()"))
    if kind in ("ints", "floats", "strings"):
        convert = {"ints": int, "floats": float, "strings": str}[kind]
        return [convert(each) for each in ast.literal_eval(text)]
    raise ValueError(f"a default of type {kind}: {text}")


def finished(operator):
    # Experimental operators have no versions.
    operator["since"] = operator["since"] or 1
    required = sum(1 for value in operator["inputs"] if "kind" not in value)
    least = operator.pop("least")
    # Optional inputs tell by themselves; how many values a variadic one wants does not.
    if least is not None and any(value.get("kind") == "variadic" for value in operator["inputs"]) and least > required:
        operator["leastInputs"] = least
    return operator


class TypeSets:
    """Numbers for lists of types, which most operators share."""

    def __init__(self):
        self.names = []
        self.sets = []
        self._name_numbers = {}
        self._set_numbers = {}

    def packed(self, operator):
        constraints = operator.pop("constraints")
        used = {value["type"] for value in operator["inputs"] + operator["outputs"]}
        packed = {"since": operator["since"]}
        if operator["deprecated"]:
            packed["deprecated"] = True
        if "leastInputs" in operator:
            packed["leastInputs"] = operator["leastInputs"]
        packed["attributes"] = operator["attributes"]
        packed["inputs"] = [self._value(value, constraints) for value in operator["inputs"]]
        packed["outputs"] = [self._value(value, constraints) for value in operator["outputs"]]
        packed["typeVariables"] = {name: self._number(types) for name, types in constraints.items() if name in used}
        return {name: value for name, value in packed.items() if value not in ([], {})}

    def _value(self, value, constraints):
        """`type` is a type variable's name where inputs and outputs share it, otherwise the number of a list of types."""
        if value["type"] in constraints:
            return value
        return {**value, "type": self._number(value["type"].split(", "))}

    def _number(self, types):
        key = tuple(dict.fromkeys(type_words(each) for each in types))
        if key not in self._set_numbers:
            self._set_numbers[key] = len(self.sets)
            self.sets.append([self._name(each) for each in key])
        return self._set_numbers[key]

    def _name(self, name):
        if name not in self._name_numbers:
            self._name_numbers[name] = len(self.names)
            self.names.append(name)
        return self._name_numbers[name]


def type_words(text):
    """"tensor(float)" is "float32", "seq(map(string, float))" is "sequence of map from string to float32"."""
    outer = re.fullmatch(r"(\w+)\((.*)\)", text)
    if not outer:
        return TENSOR_TYPES.get(text, text)
    kind, inner = outer.groups()
    if kind == "tensor":
        return TENSOR_TYPES.get(inner, inner)
    if kind == "sparse_tensor":
        return f"sparse {TENSOR_TYPES.get(inner, inner)}"
    if kind == "seq":
        return f"sequence of {type_words(inner)}"
    if kind == "optional":
        return f"optional {type_words(inner)}"
    if kind == "map":
        key, value = inner.split(",", 1)
        return f"map from {type_words(key.strip())} to {type_words(value.strip())}"
    raise ValueError(f"the type {text}")


SENTENCES = json.loads((HERE / "sentences.json").read_text(encoding="utf-8"))
DEFAULTS = json.loads((HERE / "defaults.json").read_text(encoding="utf-8"))


def own_words(domain, name):
    words = {"sentence": SENTENCES.get(domain, {}).get(name), "defaults": DEFAULTS.get(domain, {}).get(name)}
    return {key: value for key, value in words.items() if value}


def check_own_words(operators):
    """Every standard operator has its sentence, and nothing is said of operators and attributes that do not exist."""
    known = {(each["domain"], each["name"]): each for each in operators}
    silent = [each["name"] for each in operators if each["domain"] == "" and "sentence" not in each]
    if silent:
        raise ValueError(f"no sentence for {', '.join(silent)}")
    for domain, sentences in SENTENCES.items():
        for name in sentences:
            if (domain, name) not in known:
                raise ValueError(f"a sentence for {domain} {name}, which does not exist")
    for domain, defaults in DEFAULTS.items():
        for name, attributes in defaults.items():
            open_defaults = {each["name"] for version in known[domain, name]["versions"]
                             for each in version.get("attributes", []) if "default" not in each}
            for attribute_name in attributes:
                if attribute_name not in open_defaults:
                    raise ValueError(f"a default for {domain} {name} {attribute_name}, which has one or does not exist")


def write(content):
    """One operator per line, so that changes can be read."""
    line = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    rows = ",\n".join(line(each) for each in content["operators"])
    head = ",\n".join(f'{line(key)}:{line(content[key])}' for key in ("sources", "types", "typeSets"))
    TARGET.write_text(f'{{\n{head},\n"operators":[\n{rows}\n]\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1:])
