"""What a program or a library for Linux needs, read from its ELF file: no tool of the machine's is asked, since the file may be for
another architecture."""

import re
import struct

# Tags of the dynamic section (elf.h).
NEEDED, STRTAB, RPATH, RUNPATH = 1, 5, 15, 29
# Program header types.
LOAD, DYNAMIC = 1, 2


class Elf:
    """A 64-bit little-endian ELF file."""

    def __init__(self, path):
        self.path = path
        self.data = path.read_bytes()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path} is no 64-bit little-endian ELF file")
        self.machine = {62: "x86_64", 183: "aarch64"}.get(struct.unpack_from("<H", self.data, 18)[0], "unknown")
        self.needed, self.search = [], []
        self._read()

    def _read(self):
        start, size, count = struct.unpack_from("<Q", self.data, 32)[0], *struct.unpack_from("<HH", self.data, 54)
        headers = [struct.unpack_from("<IIQQQQQQ", self.data, start + index * size) for index in range(count)]
        loads = [header for header in headers if header[0] == LOAD]
        dynamic = next((header for header in headers if header[0] == DYNAMIC), None)
        if dynamic is None:
            return
        entries = [struct.unpack_from("<qQ", self.data, dynamic[2] + at) for at in range(0, dynamic[5], 16)]
        entries = entries[: next((index for index, entry in enumerate(entries) if entry[0] == 0), len(entries))]
        address = dict(entries)[STRTAB]
        strings = next(address - load[3] + load[2] for load in loads if load[3] <= address < load[3] + load[5])

        def text(offset):
            end = self.data.index(b"\0", strings + offset)
            return self.data[strings + offset : end].decode()

        self.needed = [text(value) for tag, value in entries if tag == NEEDED]
        self.search = [part for tag, value in entries if tag in (RPATH, RUNPATH) for part in text(value).split(":")]

    def glibc(self):
        """The newest version of glibc whose symbols it names, as a tuple; (0,) if none."""
        found = re.findall(rb"\0GLIBC_(\d+(?:\.\d+)*)(?=\0)", self.data)
        return max((tuple(map(int, version.split(b"."))) for version in found), default=(0,))
