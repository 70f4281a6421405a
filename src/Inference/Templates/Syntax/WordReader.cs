namespace Halo.Inference.Templates.Syntax;

/// <summary>Goes through the words of one tag.</summary>
internal sealed class WordReader(IReadOnlyList<Word> words)
{
    private int _at;

    internal Word Next => words[_at];

    internal int Line => Next.Line;

    internal bool IsAtEnd => Next.Kind == WordKind.End;

    internal Word Take() => IsAtEnd ? Next : words[_at++];

    internal bool IsSign(string sign) => Next.Kind == WordKind.Sign && Next.Text == sign;

    internal bool IsName(string name) => Next.Kind == WordKind.Name && Next.Text == name;

    internal bool TrySign(string sign) => IsSign(sign) && Take() is var _;

    internal bool TryName(string name) => IsName(name) && Take() is var _;

    /// <summary>Whether <c>not in</c> comes, and if so goes behind it.</summary>
    internal bool TryNotIn()
    {
        if (!IsName("not") || words[_at + 1] is not { Kind: WordKind.Name, Text: "in" })
        {
            return false;
        }

        _at += 2;
        return true;
    }

    /// <summary>Whether a name and a sign come.</summary>
    internal bool IsNameBefore(string sign) =>
        Next.Kind == WordKind.Name && words[_at + 1] is { Kind: WordKind.Sign } next && next.Text == sign;

    internal void NeedSign(string sign)
    {
        if (!TrySign(sign))
        {
            throw Unexpected($"'{sign}'");
        }
    }

    internal void NeedName(string name)
    {
        if (!TryName(name))
        {
            throw Unexpected($"'{name}'");
        }
    }

    internal string NeedAnyName() => Next.Kind == WordKind.Name ? Take().Text : throw Unexpected("a name");

    internal void NeedEnd()
    {
        if (!IsAtEnd)
        {
            throw Unexpected("the end of the tag");
        }
    }

    internal TemplateException Unexpected(string needed) =>
        new($"{(IsAtEnd ? "the tag ends" : $"'{Next.Text}' stands")} where {needed} must be.", Line);
}
