"""Downloads from a local server: checksum, resume, licence, and every way to fail."""

import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from click.testing import CliRunner

from keras_landslide.cli import data
from keras_landslide.datasets.addresses import addresses
from keras_landslide.datasets.fetch import fetch, read_record
from keras_landslide.errors import FetchError, InputFileError, UnknownNameError

pytest.importorskip("pooch")


class Server:
    """Serves a record and its files; knows `Range`, and can break off after some bytes."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.checksums: dict[str, str] = {}
        self.break_after: int | None = None
        self.ranges: list[str | None] = []
        self.understands_ranges = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def add(self, name: str, content: bytes) -> None:
        self.files[name] = content
        self.checksums[name] = f"md5:{hashlib.md5(content).hexdigest()}"

    def record(self) -> bytes:
        return json.dumps(
            {
                "metadata": {"license": {"id": "cc-by-4.0"}},
                "files": [
                    {
                        "key": name,
                        "size": len(content),
                        "checksum": self.checksums[name],
                        "links": {"self": f"{self.base}/files/{name}"},
                    }
                    for name, content in self.files.items()
                ],
            }
        ).encode()

    def answer(self, request):
        if request.path.startswith("/records/"):
            return self.send(request, 200, self.record())
        content = self.files.get(request.path.removeprefix("/files/"))
        if content is None:
            return self.send(request, 404, b"")
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        if asked and self.understands_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            return self.send(request, 206, content[start:])
        return self.send(request, 200, content)

    def send(self, request, status, body):
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        cut, self.break_after = self.break_after if len(body) > 1000 else None, None
        request.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            request.connection.close()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.http.shutdown()


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for role, values in (("img", np.ones((4, 4, 3))), ("mask", np.eye(4))):
            held = io.BytesIO()
            np.save(held, values)
            archive.writestr(f"{role}/a.npy", held.getvalue())
        archive.writestr("../outside.txt", "no")
    return stream.getvalue()


def _noise(size=300_000) -> bytes:
    return np.random.default_rng(0).bytes(size)


def test_whole_way_by_the_command(server, tmp_path):
    server.add("TrainData.zip", _zip())
    arguments = ["fetch", "cas", "-o", str(tmp_path / "cas"), "--api", f"{server.base}/records"]
    run = CliRunner().invoke(data.command, arguments)
    assert run.exit_code == 0, (run.output, run.exception)
    assert "licence cc-by-4.0; cite Xu et al. 2024" in run.output
    np.testing.assert_array_equal(np.load(tmp_path / "cas" / "mask" / "a.npy"), np.eye(4))
    assert not (tmp_path / "outside.txt").exists(), "an archive cannot write beside its folder"
    again = CliRunner().invoke(data.command, arguments)
    assert again.exit_code == 0 and len(server.ranges) == 1, "what is there is not fetched again"


def test_resume_after_a_broken_connection(server, tmp_path):
    content = _noise()
    server.add("big.bin", content)
    record = read_record("1", f"{server.base}/records")
    server.break_after = 100_000
    with pytest.raises(FetchError, match="run again to go on"):
        fetch(record, tmp_path)
    assert not (tmp_path / "big.bin").exists()
    part = (tmp_path / "big.bin.part").stat().st_size
    assert 0 < part <= 100_000
    (path,) = fetch(record, tmp_path)
    assert path.read_bytes() == content
    assert server.ranges == [None, f"bytes={part}-"]
    assert not (tmp_path / "big.bin.part").exists()


def test_server_without_ranges_starts_over(server, tmp_path):
    content = _noise()
    server.add("big.bin", content)
    server.understands_ranges = False
    (tmp_path / "big.bin.part").write_bytes(content[:50_000])
    (path,) = fetch(read_record("1", f"{server.base}/records"), tmp_path)
    assert path.read_bytes() == content


def test_wrong_checksum_is_refused(server, tmp_path):
    server.add("big.bin", _noise())
    server.checksums["big.bin"] = "md5:" + "0" * 32
    with pytest.raises(FetchError, match="another checksum"):
        fetch(read_record("1", f"{server.base}/records"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_fetched(server, tmp_path):
    server.add("a.bin", b"abc")
    record = read_record("1", f"{server.base}/records")
    with pytest.raises(UnknownNameError, match=r"choose one of: a\.bin"):
        fetch(record, tmp_path, ["b.bin"])
    del server.files["a.bin"]
    with pytest.raises(FetchError, match="404"):
        fetch(record, tmp_path)
    with pytest.raises(FetchError, match="no record"):
        server.record = lambda: b"[1, 2]"
        read_record("1", f"{server.base}/records")
    with pytest.raises(FetchError, match="cannot be fetched"):
        read_record("1", "http://127.0.0.1:9/records")


def test_list_of_addresses():
    run = CliRunner().invoke(data.command, ["fetch"])
    assert run.exit_code == 0
    for name in addresses():
        assert name in run.output


def archive(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as held:
        for name, content in members.items():
            held.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def encrypted() -> bytes:
    content = bytearray(archive(a=b"text"))
    for start in (content.find(b"PK\x03\x04") + 6, content.find(b"PK\x01\x02") + 8):
        content[start] |= 1
    return bytes(content)


def odd_method() -> bytes:
    content = bytearray(archive(a=b"text"))
    for start in (content.find(b"PK\x03\x04") + 8, content.find(b"PK\x01\x02") + 10):
        content[start] = 77
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (encrypted(), "encrypted"),
        (odd_method(), "compression"),
        (archive(a=b"text" * 100)[:60], "no whole zip archive"),
        (b"no zip", "no whole zip archive"),
        (archive(**{"odd.zip": b"itself"}), "over the archive"),
        (archive(**{"link__passwd": b"text"}), "outside"),
    ],
    ids=["encrypted", "method", "cut", "text", "itself", "link"],  # the bytes hold the time of day
)
def test_odd_archives_are_one_line_and_leave_nothing(server, tmp_path, content, words):
    server.add("odd.zip", content)
    folder, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "link").symlink_to(elsewhere)
    record = read_record("1", f"{server.base}/records")
    with pytest.raises(InputFileError, match=words):
        fetch(record, folder)
    assert (folder / "odd.zip").read_bytes() == content
    assert sorted(path.name for path in folder.iterdir()) == ["link", "odd.zip"]
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("checksum", ["", "md5:", "md5:xyz", "crc32:00000000", "0" * 32])
def test_a_file_without_a_checksum_is_refused(server, tmp_path, checksum):
    server.add("a.txt", b"text")
    server.checksums["a.txt"] = checksum
    with pytest.raises(FetchError, match="that can be checked"):
        read_record("1", f"{server.base}/records")


@pytest.mark.parametrize(
    "answer",
    [b"[" * 100_000, b"3", b"", b'{"files": [{"key": 3}]}', b'{"metadata": 1, "files": []}'],
)
def test_an_answer_that_is_no_record(server, monkeypatch, answer):
    monkeypatch.setattr(server, "record", lambda: answer)
    with pytest.raises(FetchError, match="the answer is no record"):
        read_record("1", f"{server.base}/records")
