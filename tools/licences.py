"""List the licence of everything that set-up installs: ``make licences``."""

from __future__ import annotations

from importlib.metadata import Distribution, distributions

UNKNOWN = "not said"
_PREFIX = "License :: "


def licence(distribution: Distribution) -> str:
    """Name a package's licence, from the first of the places where its metadata may say it.

    Args:
        distribution: The package.

    Returns:
        The licence's name: an SPDX expression where there is one; one line.
    """
    said = distribution.metadata.json
    if expression := said.get("license_expression"):
        return str(expression)
    classifiers = [line for line in said.get("classifier", []) if line.startswith(_PREFIX)]
    names = [line.split(" :: ")[-1] for line in classifiers]
    if names := [name for name in names if name != "OSI Approved"]:
        return ", ".join(names)
    lines = str(said.get("license", "")).splitlines()  # some put the whole text there
    for file in distribution.files or []:
        if file.name.upper().startswith("LICEN") and file.suffix in ("", ".txt", ".md", ".rst"):
            lines += file.read_text(encoding="utf-8").splitlines()
    # A copyright notice may stand before the licence's name.
    lines = [line.strip() for line in lines if line.strip() and "copyright" not in line.lower()]
    return lines[0] if lines else UNKNOWN


def table(packages: list[Distribution]) -> list[tuple[str, str, str]]:
    """Return name, version and licence of each package, by name."""
    rows = {(p.metadata["Name"], p.version, licence(p)) for p in packages}
    return sorted(rows, key=lambda row: row[0].lower())


def main() -> None:
    """Print the licences of this environment."""
    rows = table(list(distributions()))
    width = max(len(name) for name, _, _ in rows)
    for name, version, terms in rows:
        print(f"{name:<{width}}  {version:<14}  {terms}")
    print(f"{len(rows)} packages")


if __name__ == "__main__":
    main()
