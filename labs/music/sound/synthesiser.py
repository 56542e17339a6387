"""A synthesiser in NumPy: a plucked string or a flute, from notes to samples and .wav files.

Sources: K. Karplus, A. Strong, Digital Synthesis of Plucked-String and Drum Timbres, Computer Music Journal 7(2), 1983;
D. Jaffe, J. Smith, Extensions of the Karplus-Strong Plucked-String Algorithm, in the same issue (tuning).
"""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from labs.music.config import Instrument
from labs.music.sound.performance import Note

RATE = 22_050
"""Samples per second: half of a compact disc's, enough for the melodies of fiddle and flute."""
RING_SECONDS = 0.35
"""How long a string rings after its note, and the room at the end of a tune."""
STRING_SECONDS = 1.2
"""Time in which a plucked string loses nine tenths of its amplitude."""
HARMONICS = (1.0, 0.45, 0.22, 0.08, 0.04)
"""Amplitudes of the harmonics of the flute."""
LOUDEST = 0.8
"""Largest amplitude of a tune; 1 is the limit of the format."""


def synthesise(notes: Sequence[Note], instrument: Instrument = "string") -> NDArray[np.float32]:
    """The sound of notes.

    Args:
        notes: at least one.
        instrument: a plucked string or a flute.

    Returns:
        (samples,) mono at RATE, from -1 to 1. The same notes give the same samples.
    """
    tone = {"string": _string, "flute": _flute}[instrument]
    end = max(note.start + note.seconds for note in notes)
    sound = np.zeros(int((end + RING_SECONDS) * RATE) + 1, "float32")
    for note in notes:
        samples = tone(note.pitch, round(note.seconds * RATE))
        start = round(note.start * RATE)
        room = len(sound) - start
        sound[start : start + len(samples)] += samples[:room]
    return np.asarray(sound * np.float32(LOUDEST / max(np.abs(sound).max(), 1e-9)), dtype="float32")


def frequency(pitch: int) -> float:
    """The frequency in hertz of a MIDI pitch; 69 is the A of 440 Hz."""
    return float(440 * 2 ** ((pitch - 69) / 12))


@lru_cache(maxsize=512)
def _string(pitch: int, samples: int) -> NDArray[np.float32]:
    """Noise in a loop of one period, which a low-pass filter damps; an all-pass filter tunes the loop."""
    from scipy.signal import lfilter

    period = RATE / frequency(pitch)
    whole = int(period - 0.5 - 0.1)  # the low-pass delays by half a sample, the all-pass by 0.1 to 1.1
    delay = period - 0.5 - whole
    tuning = (1 - delay) / (1 + delay)
    damping = 10 ** (-period / (STRING_SECONDS * RATE))
    low_pass_and_tuning = np.convolve([0.5, 0.5], [tuning, 1])
    loop = np.zeros(whole + 3)
    loop[:2] = 1, tuning
    loop[whole:] -= damping * low_pass_and_tuning
    length = samples + int(RING_SECONDS * RATE)
    pluck = np.zeros(length)
    noise = np.random.default_rng(pitch).uniform(-1, 1, whole)
    pluck[:whole] = (noise - noise.mean())[:length]
    sound = lfilter([1, tuning], loop, pluck)
    fade = np.minimum(1, (length - np.arange(length)) / (RING_SECONDS * RATE)) ** 2
    return np.asarray(sound * fade, dtype="float32")


@lru_cache(maxsize=512)
def _flute(pitch: int, samples: int) -> NDArray[np.float32]:
    """A few harmonics with a little vibrato and breath, and soft edges."""
    length = samples + int(0.03 * RATE)
    time = np.arange(length) / RATE
    vibrato = 0.004 * np.minimum(1, time / 0.4) * np.sin(2 * np.pi * 5 * time)
    phase = 2 * np.pi * frequency(pitch) * np.cumsum(1 + vibrato) / RATE
    audible = [(n, amplitude) for n, amplitude in enumerate(HARMONICS, 1) if n * frequency(pitch) < RATE / 2]
    sound = sum(amplitude * np.sin(n * phase) for n, amplitude in audible)
    sound = sound + 0.02 * np.random.default_rng(pitch).normal(size=length)
    edge = np.minimum(1, np.minimum(time / 0.03, (length / RATE - time) / 0.04))
    return np.asarray(0.3 * sound * edge, dtype="float32")


def wav(sound: NDArray[np.float32]) -> bytes:
    """A .wav file, mono with 16 bits per sample, of samples from -1 to 1 at RATE."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE)
        written.writeframes((sound * 32767).astype("<i2").tobytes())
    return file.getvalue()
