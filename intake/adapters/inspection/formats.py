"""The formats that inspection tells apart: short name, media type (as registered with IANA), Kind, reader."""

from __future__ import annotations

from typing import Final, NamedTuple

from intake.domain.notice import Kind

UNKNOWN: Final = "unknown"


class Format(NamedTuple):
    """`reader` is the module beside this one that measures the format; without one, nothing more is asked of it."""

    media_type: str
    kind: Kind
    reader: str | None = None


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OASIS = "application/vnd.oasis.opendocument"

FORMATS: Final[dict[str, Format]] = {
    "docx": Format(f"{_OFFICE}.wordprocessingml.document", Kind.DOCUMENT, "packages"),
    "docm": Format("application/vnd.ms-word.document.macroEnabled.12", Kind.DOCUMENT, "packages"),
    "doc": Format("application/msword", Kind.DOCUMENT, "word97"),
    "odt": Format(f"{_OASIS}.text", Kind.DOCUMENT, "packages"),
    "pdf": Format("application/pdf", Kind.DOCUMENT, "pdf"),
    "ofd": Format("application/ofd", Kind.DOCUMENT, "packages"),
    "rtf": Format("application/rtf", Kind.DOCUMENT, "rtf"),
    "txt": Format("text/plain", Kind.DOCUMENT, "plain"),
    "xlsx": Format(f"{_OFFICE}.spreadsheetml.sheet", Kind.DOCUMENT, "packages"),
    "xlsm": Format("application/vnd.ms-excel.sheet.macroEnabled.12", Kind.DOCUMENT, "packages"),
    "xls": Format("application/vnd.ms-excel", Kind.DOCUMENT, "word97"),
    "ods": Format(f"{_OASIS}.spreadsheet", Kind.DOCUMENT, "packages"),
    "pptx": Format(f"{_OFFICE}.presentationml.presentation", Kind.DOCUMENT, "packages"),
    "pptm": Format("application/vnd.ms-powerpoint.presentation.macroEnabled.12", Kind.DOCUMENT, "packages"),
    "ppt": Format("application/vnd.ms-powerpoint", Kind.DOCUMENT, "word97"),
    "odp": Format(f"{_OASIS}.presentation", Kind.DOCUMENT, "packages"),
    "jpg": Format("image/jpeg", Kind.IMAGE, "images"),
    "png": Format("image/png", Kind.IMAGE, "images"),
    "gif": Format("image/gif", Kind.IMAGE, "images"),
    "webp": Format("image/webp", Kind.IMAGE, "images"),
    "bmp": Format("image/bmp", Kind.IMAGE, "images"),
    "tiff": Format("image/tiff", Kind.IMAGE, "images"),
    "heic": Format("image/heic", Kind.IMAGE, "images"),
    "avif": Format("image/avif", Kind.IMAGE, "images"),
    "mp4": Format("video/mp4", Kind.VIDEO, "video"),
    "m4v": Format("video/x-m4v", Kind.VIDEO, "video"),
    "mov": Format("video/quicktime", Kind.VIDEO, "video"),
    "3gp": Format("video/3gpp", Kind.VIDEO, "video"),
    "avi": Format("video/vnd.avi", Kind.VIDEO, "video"),
    "mkv": Format("video/matroska", Kind.VIDEO, "video"),
    "webm": Format("video/webm", Kind.VIDEO, "video"),
    "wmv": Format("video/x-ms-wmv", Kind.VIDEO, "video"),
    "flv": Format("video/x-flv", Kind.VIDEO, "video"),
    "mpg": Format("video/mpeg", Kind.VIDEO, "video"),
    "ts": Format("video/mp2t", Kind.VIDEO, "video"),
    "rmvb": Format("application/vnd.rn-realmedia-vbr", Kind.OTHER),
    "mp3": Format("audio/mpeg", Kind.OTHER),
    "m4a": Format("audio/mp4", Kind.OTHER),
    "wav": Format("audio/vnd.wave", Kind.OTHER),
    "wma": Format("audio/x-ms-wma", Kind.OTHER),
    "amr": Format("audio/AMR", Kind.OTHER),
    "ogg": Format("audio/ogg", Kind.OTHER),
    "flac": Format("audio/flac", Kind.OTHER),
    "zip": Format("application/zip", Kind.OTHER),
    "rar": Format("application/vnd.rar", Kind.OTHER),
    "7z": Format("application/x-7z-compressed", Kind.OTHER),
    "tar": Format("application/x-tar", Kind.OTHER),
    "gz": Format("application/gzip", Kind.OTHER),
    "bz2": Format("application/x-bzip2", Kind.OTHER),
    "xz": Format("application/x-xz", Kind.OTHER),
    "jar": Format("application/java-archive", Kind.OTHER),
    "exe": Format("application/vnd.microsoft.portable-executable", Kind.OTHER),
    "msi": Format("application/x-msi", Kind.OTHER),
    "bat": Format("application/x-bat", Kind.OTHER, "markup"),
    "script": Format("text/x-script", Kind.OTHER, "markup"),
    "url": Format("application/x-mswinurl", Kind.OTHER, "markup"),
    "iso": Format("application/vnd.efi.iso", Kind.OTHER),
    "vhd": Format("application/x-vhd", Kind.OTHER),
    "dmg": Format("application/x-apple-diskimage", Kind.OTHER),
    "apk": Format("application/vnd.android.package-archive", Kind.OTHER),
    "lnk": Format("application/x-ms-shortcut", Kind.OTHER),
    "chm": Format("application/vnd.ms-htmlhelp", Kind.OTHER),
    "ps": Format("application/postscript", Kind.OTHER),
    "html": Format("text/html", Kind.OTHER, "markup"),
    "xml": Format("application/xml", Kind.OTHER, "markup"),
    "svg": Format("image/svg+xml", Kind.OTHER, "markup"),
    "ics": Format("text/calendar", Kind.OTHER, "markup"),
    "vcf": Format("text/vcard", Kind.OTHER, "markup"),
    "eml": Format("message/rfc822", Kind.OTHER),
    "msg": Format("application/vnd.ms-outlook", Kind.OTHER, "word97"),
    "tnef": Format("application/vnd.ms-tnef", Kind.OTHER),
    "p7m": Format("application/pkcs7-mime", Kind.OTHER),
    "ole": Format("application/x-ole-storage", Kind.OTHER),
    UNKNOWN: Format("application/octet-stream", Kind.OTHER),
}
