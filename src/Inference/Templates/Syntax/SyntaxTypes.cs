namespace Halo.Inference.Templates.Syntax;

/// <summary>What a word of an expression is.</summary>
internal enum WordKind
{
    Name,
    Integer,
    Real,
    Text,
    Sign,
    End,
}

/// <summary>A word of an expression: a string without its quotes, all else as it stands.</summary>
internal readonly record struct Word(WordKind Kind, string Text, int Line);

/// <summary>What a part of a template is.</summary>
internal enum PartKind
{
    Text,
    Output,
    Statement,
}

/// <summary>A part of a template: text between tags, or the words of a tag.</summary>
internal sealed record TemplatePart(PartKind Kind, string Text, IReadOnlyList<Word> Words, int Line);
