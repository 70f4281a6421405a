using System.Globalization;

namespace Halo.Inference.Tests.Tokenization;

/// <summary>Texts with their tokens as llama.cpp records them: texts in one file, each followed by a mark, and a line of ids for each in another.</summary>
internal static class TokenizerVectors
{
    private const string CaseEnd = "\n__ggml_vocab_test__\n";

    internal static (string Text, int[] Tokens)[] Read(string path)
    {
        string[] texts = File.ReadAllText(path + ".inp").Split(CaseEnd)[..^1];
        string[] lines = File.ReadAllText(path + ".out").Split('\n')[..^1];
        Assert.Equal(texts.Length, lines.Length);
        return [.. texts.Zip(lines, (text, line) => (text, Array.ConvertAll(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), ToId)))];
    }

    private static int ToId(string word) => int.Parse(word, CultureInfo.InvariantCulture);
}
