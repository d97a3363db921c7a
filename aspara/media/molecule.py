"""Molecules."""

from __future__ import annotations

from typing import Any

from aspara.errors import UsageError
from aspara.media.base import BlobStore, Media, is_path, read_file, read_open

_FILES = ("pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf", "mol", "xyz")


class Molecule(Media):
    """A molecule, as a file of one of the usual kinds (pdb, sdf, mol, mol2, cif, xyz, …).

    Args:
        data_or_path: The path of a file, or an open file.
        caption: A line of text below it.
        file_type: The kind, where an open file is given.

    Raises:
        UsageError: The format is unknown, or the content cannot be read.

    """

    kind = "molecule"

    def __init__(self, data_or_path: Any, caption: str | None = None, file_type: str | None = None) -> None:
        self.caption = None if caption is None else str(caption)
        if is_path(data_or_path):
            self._content, ending = read_file(data_or_path, "molecule")
        elif hasattr(data_or_path, "read"):
            self._content, ending = read_open(data_or_path)
        else:
            raise UsageError(f"A molecule is made from a file, not from {type(data_or_path).__name__}.")
        self.format = (file_type or ending).lower().lstrip(".")
        if self.format not in _FILES:
            raise UsageError(f"{self.format!r} is no kind of molecule file: {', '.join(_FILES)}.")

    @classmethod
    def from_smiles(cls, data: str, caption: str | None = None, **options: Any) -> Molecule:
        """From a SMILES text; needs rdkit.

        Raises:
            UsageError: The text is not SMILES, or rdkit is not installed.

        """
        chem, _ = _rdkit()
        found = chem.MolFromSmiles(data)
        if found is None:
            raise UsageError(f"{data[:60]!r} is no SMILES.")
        return cls.from_rdkit(found, caption, **options)

    @classmethod
    def from_rdkit(
        cls, data_or_path: Any, caption: str | None = None, convert_to_3d_and_optimize: bool = True, **_: Any
    ) -> Molecule:
        """From an rdkit molecule, or a file that rdkit reads; needs rdkit."""
        import io

        chem, all_chem = _rdkit()
        found = chem.MolFromMolFile(str(data_or_path)) if is_path(data_or_path) else data_or_path
        if convert_to_3d_and_optimize:
            found = chem.AddHs(found)
            all_chem.EmbedMolecule(found)
            all_chem.MMFFOptimizeMolecule(found)
        return cls(io.StringIO(chem.MolToPDBBlock(found)), caption, "pdb")

    def held(self) -> int:
        return len(self._content)

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        return self._described(**shelf.keep(self._content, self.format), format=self.format)


def _rdkit() -> tuple[Any, Any]:
    try:
        from rdkit import Chem
        from rdkit.Chem import AllChem
    except ImportError:
        raise UsageError("To make molecules with rdkit, install it: pip install rdkit.") from None
    return Chem, AllChem
