"""The words that a sentence may hold, and the wishes that they stand for."""

from __future__ import annotations

from antiphon.compose.mood import MOODS

NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "fifteen": 15, "sixteen": 16, "twenty": 20, "twenty-four": 24, "thirty": 30, "thirty-two": 32,
    "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60, "ninety": 90,
}  # fmt: skip

MOOD_WORDS = {name: name for name in MOODS} | {
    "peaceful": "calm", "relaxed": "calm", "relaxing": "calm", "tranquil": "calm", "serene": "calm", "meditative": "calm",
    "quieting": "calm", "mellow": "calm", "melancholy": "sad", "melancholic": "sad", "sorrowful": "sad", "mournful": "sad",
    "wistful": "sad", "joyful": "happy", "joyous": "happy", "cheerful": "happy", "merry": "happy", "upbeat": "happy",
    "lively": "energetic", "driving": "energetic", "epic": "energetic", "exciting": "energetic", "powerful": "energetic",
    "gloomy": "dark", "brooding": "dark", "sinister": "dark", "tender": "gentle", "romantic": "gentle", "sweet": "gentle",
    "lyrical": "gentle", "aggressive": "angry", "furious": "angry", "fierce": "angry", "nervous": "tense",
    "suspenseful": "tense", "anxious": "tense", "dramatic": "tense", "funny": "playful", "whimsical": "playful",
    "light-hearted": "playful", "ethereal": "dreamy", "dreamlike": "dreamy", "floating": "dreamy", "sunny": "bright",
    "radiant": "bright", "grave": "solemn", "majestic": "solemn", "ceremonial": "solemn",
}  # fmt: skip

STYLE_WORDS = {
    "pop": {"style": "pop"}, "ballad": {"style": "pop", "tempo": 72}, "folk": {"style": "folk"},
    "irish": {"style": "folk"}, "celtic": {"style": "folk"}, "jig": {"style": "folk", "meter": "6/8"},
    "reel": {"style": "folk", "meter": "4/4"}, "chorale": {"style": "chorale"}, "bach": {"style": "chorale"},
    "hymn": {"style": "chorale"}, "jazz": {"style": "jazz"}, "band": {"style": "band"},
    "rock": {"style": "band"}, "rock band": {"style": "band"}, "metal": {"style": "band"}, "rock and roll": {"style": "band"},
    "waltz": {"meter": "3/4"}, "march": {"meter": "4/4", "tempo": 112}, "lullaby": {"mood": "gentle", "tempo": 66},
}  # fmt: skip
"""Kinds of music; a model or an explicit wish wins over what they bring along."""

TEMPO_WORDS = {
    "largo": 50, "lento": 56, "adagio": 66, "andante": 84, "moderato": 104, "allegretto": 114, "allegro": 132,
    "vivace": 152, "presto": 176, "very slow": 50, "slow": 66, "slowly": 66, "moderate": 100, "mid-tempo": 104,
    "medium tempo": 104, "fast": 138, "quick": 138, "very fast": 166, "brisk": 126,
}  # fmt: skip

FORM_WORDS = {
    "rondo": "ABACA", "verse and chorus": "ABAB", "verse-chorus": "ABAB", "verse chorus": "ABAB", "ternary": "ABA",
    "binary": "AB",
}  # fmt: skip

ENERGY_WORDS = {
    "fortissimo": 0.95, "very loud": 0.95, "loud": 0.8, "loudly": 0.8, "forte": 0.8, "pianissimo": 0.15,
    "very soft": 0.15, "very quiet": 0.15, "softly": 0.3, "soft": 0.3, "quietly": 0.3, "quiet": 0.3,
    "mezzo-forte": 0.6, "mezzoforte": 0.6,
}  # fmt: skip

DENSITY_WORDS = {
    "very sparse": 0.15, "sparse": 0.25, "sparsely": 0.25, "busy": 0.75, "dense": 0.75, "very busy": 0.9, "very dense": 0.9,
}  # fmt: skip

TEMPERATURE_WORDS = {"wild": 1.25, "adventurous": 1.15, "tame": 0.8, "conventional": 0.85}

INSTRUMENT_WORDS = {
    "piano": "acoustic grand piano", "grand piano": "acoustic grand piano", "electric piano": "electric piano 1",
    "rhodes": "electric piano 1", "harpsichord": "harpsichord", "celesta": "celesta", "glockenspiel": "glockenspiel",
    "music box": "music box", "vibraphone": "vibraphone", "marimba": "marimba", "xylophone": "xylophone",
    "organ": "drawbar organ", "church organ": "church organ", "accordion": "accordion", "harmonica": "harmonica",
    "bandoneon": "bandoneon", "guitar": "nylon guitar", "acoustic guitar": "steel guitar", "classical guitar": "nylon guitar",
    "electric guitar": "clean guitar", "jazz guitar": "jazz guitar", "bass guitar": "fingered bass",
    "double bass": "contrabass", "contrabass": "contrabass", "violin": "violin", "viola": "viola", "cello": "cello",
    "strings": "string ensemble 1", "string ensemble": "string ensemble 1", "string orchestra": "string ensemble 1",
    "harp": "harp", "choir": "choir aahs", "voices": "choir aahs", "trumpet": "trumpet", "trombone": "trombone",
    "tuba": "tuba", "horn": "french horn", "french horn": "french horn", "brass": "brass section",
    "saxophone": "alto saxophone", "sax": "alto saxophone", "alto sax": "alto saxophone", "tenor sax": "tenor saxophone",
    "oboe": "oboe", "english horn": "english horn", "bassoon": "bassoon", "clarinet": "clarinet", "piccolo": "piccolo",
    "flute": "flute", "recorder": "recorder", "pan flute": "pan flute", "ocarina": "ocarina", "tin whistle": "whistle",
    "whistle": "whistle", "synth": "polysynth pad", "synth pad": "warm pad", "pad": "warm pad", "sitar": "sitar",
    "banjo": "banjo", "koto": "koto", "kalimba": "kalimba", "bagpipe": "bagpipe", "bagpipes": "bagpipe", "fiddle": "fiddle",
    "steel drums": "steel drums", "drums": "drums", "drum kit": "drums", "percussion": "drums",
}  # fmt: skip

ROLE_WORDS = ("melody", "bridge", "chords", "soprano", "alto", "tenor", "bass", "piano", "accompaniment")
BAND_WORDS = ("drums", "bass", "keys", "strings", "lead")
"""Parts of a band: named in a wish for a band, they ask for nothing that it would not bring."""

_PLAIN = """
a an the and or of for with in on at to by from as is are be it its this that please compose write make give me i we
want would like need some something piece music song tune track composition work bit little short long some very key
time meter tempo style mood lasting lasts long about around played playing plays using which should will that's my our
then solo instrumental background written sounding feeling feel duet trio quartet only just nice beautiful new
over through throughout section part bpm
的 一 首 段 曲
"""
STOP_WORDS = frozenset(_PLAIN.split())
"""Words that carry no wish of their own."""

CHINESE = {
    "小提琴": "violin", "中提琴": "viola", "大提琴": "cello", "电子琴": "electric piano", "电钢琴": "electric piano",
    "钢琴": "piano", "电吉他": "electric guitar", "吉他": "guitar", "长笛": "flute", "竖琴": "harp", "小号": "trumpet",
    "萨克斯": "saxophone", "单簧管": "clarinet", "双簧管": "oboe", "弦乐": "strings", "合唱": "choir", "鼓": "drums",
    "平静": "calm", "安静": "calm", "宁静": "calm", "舒缓": "calm", "悲伤": "sad", "忧伤": "sad", "伤感": "sad",
    "快乐": "happy", "欢快": "happy", "欢乐": "happy", "激昂": "energetic", "激烈": "energetic", "温柔": "gentle",
    "黑暗": "dark", "紧张": "tense", "梦幻": "dreamy", "庄严": "solemn", "明亮": "bright", "活泼": "playful",
    "愤怒": "angry", "小调": " minor", "大调": " major", "分半钟": " and a half minutes", "分钟": " minutes",
    "秒钟": " seconds", "秒": " seconds", "小节": " bars", "流行": "pop", "民谣": "folk", "圣咏": "chorale", "爵士": "jazz",
    "摇滚乐队": "rock band", "摇滚": "rock", "乐队": "band", "金属乐": "metal", "架子鼓": "drums", "贝斯": "bass guitar",
    "结尾渐强": "builds up at the end", "最后渐强": "builds up at the end", "渐强": "crescendo", "渐弱": "diminuendo",
    "很慢": "very slow", "慢": "slow", "很快": "very fast", "快": "fast", "速度": "tempo", "每分钟": "", "华尔兹": "waltz",
    "前奏": "intro", "尾奏": "outro", "和弦": "chords", "拍子": " ", "拍": " ", "一首": " ", "一段": " ", "曲子": " ",
    "音乐": " ", "乐曲": " ", "风格": " ", "演奏": " ", "，": ", ", "。": ". ", "、": ", ", "：": ": ", "；": "; ",
    "的": " ", "和": " and ", "降": "flat-", "升": "sharp-", "用": " ",
}  # fmt: skip
"""Common Chinese words and the English ones that they are read as, longest first."""
