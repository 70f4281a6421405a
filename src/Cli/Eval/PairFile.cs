using Halo.Cli.Hosting;

namespace Halo.Cli.Eval;

/// <summary>Two sentences that differ in one point, of which a good model finds the first one likelier.</summary>
/// <param name="Good">The right one.</param>
/// <param name="Bad">The wrong one.</param>
internal sealed record SentencePair(string Good, string Bad);

/// <summary>A file of minimal pairs, as BLiMP has them: a line each, the good sentence, a tab and the bad one.</summary>
/// <param name="Path">The file.</param>
/// <param name="Pairs">Its pairs, line by line; pair i is on line i + 1.</param>
internal sealed record PairFile(string Path, IReadOnlyList<SentencePair> Pairs)
{
    private const string Needed = "each line is a good sentence, a tab and a bad one";

    /// <exception cref="CommandFault">The file is missing, is no UTF-8 text, or has no pairs or a line that is none.</exception>
    internal static PairFile Read(string path)
    {
        string text = TextFile.Read(path, "--pairs");
        string[] lines = (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
        return text.Length > 0
            ? new PairFile(path, [.. lines.Select((line, index) => Parse(line.TrimEnd('\r'), path, index + 1))])
            : throw new CommandFault($"'{path}' is empty; {Needed}.");
    }

    /// <summary>Where a pair of the file is, for messages.</summary>
    internal string LineOf(int pair) => Line(Path, pair + 1);

    /// <summary>The file with its first pairs only.</summary>
    internal PairFile First(int? limit) => limit < Pairs.Count ? this with { Pairs = [.. Pairs.Take(limit.Value)] } : this;

    private static string Line(string path, int number) => $"'{path}', line {number}";

    private static SentencePair Parse(string line, string path, int number)
    {
        string[] parts = line.Split('\t');
        string? fault = parts switch
        {
            _ when string.IsNullOrWhiteSpace(line) => "is empty",
            { Length: 1 } => "has no tab",
            { Length: > 2 } => $"has {parts.Length - 1} tabs",
            _ when parts.Any(string.IsNullOrWhiteSpace) => "lacks a sentence",
            _ when parts[0] == parts[1] => "has the same sentence twice",
            _ => null,
        };
        return fault is null ? new SentencePair(parts[0], parts[1]) : throw new CommandFault($"{Line(path, number)} {fault}; {Needed}.");
    }
}
