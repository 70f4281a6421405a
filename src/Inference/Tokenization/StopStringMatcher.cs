namespace Halo.Inference.Tokenization;

/// <summary>What a <see cref="StopStringMatcher"/> lets through.</summary>
/// <param name="Text">Text to emit now.</param>
/// <param name="Stopped">Whether a stop string was completed; it is not part of any emitted text.</param>
public readonly record struct StopMatch(string Text, bool Stopped);

/// <summary>
/// Ends a streamed text at the first stop string. Text that may be the beginning of one is held back. The stop string completed
/// first wins, of several completed by one character the longest, so the result never depends on how the text was cut into pieces.
/// </summary>
public sealed class StopStringMatcher
{
    private readonly string[] _stops;
    private string _held = "";

    /// <param name="stops">Stop strings; none of them empty. With none at all everything passes.</param>
    public StopStringMatcher(IEnumerable<string> stops)
    {
        ArgumentNullException.ThrowIfNull(stops);
        _stops = [.. stops];
        if (Array.Exists(_stops, string.IsNullOrEmpty))
        {
            throw new ArgumentException("A stop string is empty; it would end every text at once.", nameof(stops));
        }
    }

    /// <summary>Whether a stop string was completed; from then on nothing passes.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Takes a piece of text and gives what can be emitted.</summary>
    public StopMatch Append(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Stopped)
        {
            return new StopMatch("", true);
        }

        string pending = _held + text;
        int matchStart = FindMatch(pending);
        Stopped = matchStart >= 0;
        int emitted = Stopped ? matchStart : pending.Length - HeldLength(pending);
        _held = Stopped ? "" : pending[emitted..];
        return new StopMatch(pending[..emitted], Stopped);
    }

    /// <summary>Text still held back when the generation ended without a stop string.</summary>
    public string Flush()
    {
        string rest = _held;
        _held = "";
        return rest;
    }

    private int FindMatch(string pending)
    {
        (int Start, int End) best = (-1, int.MaxValue);
        foreach (string stop in _stops)
        {
            int start = pending.IndexOf(stop, StringComparison.Ordinal);
            int end = start + stop.Length;
            if (start >= 0 && (end < best.End || (end == best.End && start < best.Start)))
            {
                best = (start, end);
            }
        }

        return best.Start;
    }

    // Length of the longest end of the text that begins some stop string.
    private int HeldLength(string pending)
    {
        int longest = 0;
        foreach (string stop in _stops)
        {
            for (int length = Math.Min(stop.Length - 1, pending.Length); length > longest; length--)
            {
                if (pending.AsSpan(pending.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                }
            }
        }

        return longest;
    }
}
