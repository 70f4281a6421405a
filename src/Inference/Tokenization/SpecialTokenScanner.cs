using System.Buffers;

namespace Halo.Inference.Tokenization;

/// <summary>
/// Cuts texts at the special tokens written out in them: the leftmost first, of several at one place the longest. User-defined tokens are always
/// found; control and unknown ones only where they are meant, lest a user's words steer the model. Linear in the text.
/// </summary>
internal sealed class SpecialTokenScanner
{
    private readonly TokenTable _table;
    private readonly Dictionary<string, int> _tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly int[] _lengths; // of special tokens, each once, longest first
    private readonly SearchValues<string> _all;
    private readonly SearchValues<string> _userDefined;

    internal SpecialTokenScanner(TokenTable table)
    {
        _table = table;
        for (int token = 0; token < table.Texts.Length; token++)
        {
            if (table.Kinds[token] is TokenKind.Control or TokenKind.Unknown or TokenKind.UserDefined && table.Texts[token].Length > 0)
            {
                _tokens.Add(table.Texts[token], token);
            }
        }

        _lookup = _tokens.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengths = [.. _tokens.Keys.Select(text => text.Length).Distinct().OrderDescending()];
        _all = SearchValues.Create([.. _tokens.Keys], StringComparison.Ordinal);
        _userDefined = SearchValues.Create([.. _tokens.Where(pair => IsUserDefined(pair.Value)).Select(pair => pair.Key)], StringComparison.Ordinal);
    }

    /// <summary>Pieces from left to right: a special token, or a range between two (then <c>Special</c> is -1).</summary>
    internal List<(Range Range, int Special)> Split(string text, bool parseSpecial) =>
        Split(text, parseSpecial ? _all : _userDefined, (_, _, _) => true);

    /// <summary>
    /// The same for a prompt of several parts, whose texts make up <paramref name="text"/>. Control tokens must lie in trusted parts wholly. A
    /// user-defined token that a trusted part uses is a mark of the template, and like one that ends a turn it is plain text in all other parts.
    /// </summary>
    internal List<(Range Range, int Special)> Split(string text, IReadOnlyList<TextSegment> segments)
    {
        HashSet<int> marks = [.. _table.EndTokens];
        int[] untrusted = new int[text.Length + 1]; // characters of untrusted parts before each place
        int at = 0;
        foreach (TextSegment segment in segments)
        {
            foreach (char _ in segment.Text)
            {
                untrusted[at + 1] = untrusted[at] + (segment.IsTrusted ? 0 : 1);
                at++;
            }

            if (segment.IsTrusted)
            {
                marks.UnionWith(Split(segment.Text, parseSpecial: true).Select(piece => piece.Special));
            }
        }

        return Split(
            text,
            _all,
            (start, length, token) => untrusted[start] == untrusted[start + length] || (IsUserDefined(token) && !marks.Contains(token)));
    }

    private List<(Range Range, int Special)> Split(string text, SearchValues<string> wanted, Func<int, int, int, bool> isMeant)
    {
        List<(Range, int)> pieces = [];
        int start = 0;
        int at = 0;
        while (at < text.Length && text.AsSpan(at).IndexOfAny(wanted) is var hit and >= 0)
        {
            at += hit;
            (int length, int token) = Longest(text, at, isMeant, onlyUserDefined: wanted == _userDefined);
            if (length == 0)
            {
                at++;
                continue;
            }

            AddText(pieces, start, at);
            pieces.Add((at..(at + length), token));
            at += length;
            start = at;
        }

        AddText(pieces, start, text.Length);
        return pieces;
    }

    private (int Length, int Token) Longest(string text, int at, Func<int, int, int, bool> isMeant, bool onlyUserDefined)
    {
        foreach (int length in _lengths)
        {
            if (length <= text.Length - at && _lookup.TryGetValue(text.AsSpan(at, length), out int token)
                && (!onlyUserDefined || IsUserDefined(token)) && isMeant(at, length, token))
            {
                return (length, token);
            }
        }

        return default;
    }

    private static void AddText(List<(Range Range, int Special)> pieces, int start, int end)
    {
        if (end > start)
        {
            pieces.Add((start..end, -1));
        }
    }

    private bool IsUserDefined(int token) => _table.Kinds[token] == TokenKind.UserDefined;
}
