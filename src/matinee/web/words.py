"""How values are written on pages."""

from __future__ import annotations

import re

_LANGUAGES = {
    "am": "Amharic", "ar": "Arabic", "bm": "Bambara", "bn": "Bengali", "bs": "Bosnian", "cn": "Cantonese",
    "cs": "Czech", "da": "Danish", "de": "German", "dz": "Dzongkha",
    "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "ga": "Irish", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian",
    "is": "Icelandic", "iu": "Inuktitut", "it": "Italian", "ja": "Japanese", "ka": "Georgian", "ko": "Korean", "ku": "Kurdish", "la": "Latin",
    "ln": "Lingala", "lt": "Lithuanian", "lv": "Latvian", "ml": "Malayalam", "mk": "Macedonian", "mn": "Mongolian", "mr": "Marathi", "nb": "Norwegian",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian", "st": "Sesotho", "sv": "Swedish", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese",
    "wo": "Wolof", "xh": "Xhosa", "xx": "No language", "yi": "Yiddish", "zh": "Chinese", "zu": "Zulu",
}  # fmt: skip


def number(value: float) -> str:
    """Write stars without a needless fraction: 4, 4.5."""
    return f"{value:g}"


def stars(value: float) -> str:
    """Write a rating in words: half a star, 1 star, 4.5 stars."""
    if value == 0.5:
        return "half a star"
    return f"{value:g} star{'' if value == 1 else 's'}"


def films(count: int) -> str:
    """Write how many films: no film, 1 film, 1,200 films."""
    return "No film" if count == 0 else f"{count:,} film{'' if count == 1 else 's'}"


def runtime(minutes: int) -> str:
    """Write a length: 48 min, 2 h 16 min."""
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))


def slug(text: str) -> str:
    """Return a text as part of an element's id: letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def language(code: str) -> str:
    """Return a language's English name, or its code in capitals where we do not know it."""
    return _LANGUAGES.get(code, code.upper())


def whole(value: float | None) -> int | None:
    """Round stars half up to whole ones, at least one; None stays None."""
    return None if value is None else max(1, int(value + 0.5))
