"""What documents are called, which are taken, and how they are sealed while they come in."""

import unicodedata
from uuid import UUID, uuid4

import pytest
from border import KEYS
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.errors import FlowctlError
from flowctl.registry.documents import check_type, clean_name
from flowctl.registry.sealed import PART_BYTES, SealedDocument, Sealing, open_parts

ONE = UUID("0d0f1d3e-6f5c-4f0e-8a43-6d6c9b0a0c11")


def sealed(*chunks: bytes, document: UUID = ONE) -> SealedDocument:
    sealing = Sealing(KEYS, document)
    for chunk in chunks:
        sealing.add(chunk)
    return sealing.finish()


def opened(one: SealedDocument) -> bytes:
    return open_parts(KEYS, one.id, one.data_key, one.parts)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.binary(max_size=200), max_size=20))
def test_however_it_comes_in_a_document_is_the_same(chunks: list[bytes]):
    whole = b"".join(chunks)
    one, other = sealed(*chunks), sealed(whole)
    assert opened(one) == opened(other) == whole
    assert one.digest == other.digest
    assert one.begins == other.begins == whole[:64]
    assert one.size_bytes == len(whole)


@pytest.mark.parametrize("more", [-1, 0, 1, PART_BYTES])
def test_parts_are_full_but_for_the_last_one(more: int):
    content = bytes(PART_BYTES + more)
    one = sealed(content[:7], content[7:])
    assert opened(one) == content
    assert len(one.parts) == max(1, -(-len(content) // PART_BYTES))


def test_nothing_of_two_documents_is_alike_but_what_knows_them_again():
    first, second = sealed(b"%PDF-1.7"), sealed(b"%PDF-1.7", document=uuid4())
    assert first.digest == second.digest
    assert not {first.data_key, *first.parts} & {second.data_key, *second.parts}


def test_a_document_is_no_other_ones_and_none_that_was_cut():
    one, other = sealed(bytes(2 * PART_BYTES)), sealed(b"other", document=uuid4())
    for broken in (
        (one.id, one.data_key, one.parts[:-1]),
        (one.id, one.data_key, one.parts[::-1]),
        (one.id, one.data_key, [*one.parts, *other.parts]),
        (one.id, one.data_key, []),
        (one.id, other.data_key, one.parts),
        (other.id, one.data_key, one.parts),
    ):
        with pytest.raises(FlowctlError):
            open_parts(KEYS, *broken)


@pytest.mark.parametrize(
    ("name", "ending", "cleaned"),
    [
        ("Tờ khai hải quan.pdf", "pdf", "Tờ khai hải quan.pdf"),
        ("发票 2024.PDF", "pdf", "发票 2024.pdf"),
        ("ảnh.JPEG", "jpg", "ảnh.jpg"),
        ("invoice.pdf.exe", "pdf", "invoice.pdf.pdf"),
        ("C:\\Users\\an\\hồ sơ.png", "png", "hồ sơ.png"),
        ("/etc/passwd", "pdf", "passwd.pdf"),
        ("..", "pdf", "document.pdf"),
        ("", "pdf", "document.pdf"),
        (".pdf", "pdf", "document.pdf"),
        ('a"; filename="b.exe', "pdf", "a ; filename= b.pdf"),
        ("hóa\r\nđơn\x00.pdf", "pdf", "hóa đơn.pdf"),
        ("gpj.\u202efdp", "jpg", "gpj.jpg"),
        ("v1.2 bản cuối", "pdf", "v1.2 bản cuối.pdf"),
    ],
)
def test_a_name_is_what_can_be_seen_of_it_and_ends_as_its_type_does(
    name: str, ending: str, cleaned: str
):
    assert clean_name(name, ending) == cleaned


@given(st.text(max_size=300))
def test_whatever_it_is_called_a_name_is_short_and_harmless(name: str):
    cleaned = clean_name(name, "pdf")
    assert cleaned.endswith(".pdf")
    assert 5 <= len(cleaned) <= 100
    assert not set(cleaned) & set('/\\"<>:|?*')
    assert all(unicodedata.category(one)[0] != "C" for one in cleaned)
    assert not cleaned.startswith((".", " "))


@pytest.mark.parametrize(
    ("begins", "said", "found"),
    [
        (b"%PDF-1.4\n", "application/pdf", "application/pdf"),
        (b"%PDF-2.0\n", "Application/X-PDF; charset=binary", "application/pdf"),
        (b"\xff\xd8\xff\xdb", "image/jpg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "application/octet-stream", "image/png"),
        (b"\x89PNG\r\n\x1a\n", "", "image/png"),
    ],
)
def test_a_type_goes_by_the_first_bytes_and_what_is_said_of_it_may_not_differ(
    begins: bytes, said: str, found: str
):
    assert check_type(begins, said)[0] == found


@pytest.mark.parametrize("begins", [b"", b"%PDF", b"\xff\xd8", b" %PDF-1.4", b"GIF89a", b"<svg"])
def test_what_begins_as_no_document_does_is_refused(begins: bytes):
    with pytest.raises(FlowctlError, match="no PDF, JPEG or PNG"):
        check_type(begins, "application/pdf")
