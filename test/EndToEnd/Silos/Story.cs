using Halo.EndToEnd.Tests.Boards;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>The model of these tests, and what it must say. Its weights are f32: however boards share them, near ties do not tip.</summary>
internal static class Story
{
    internal const string Model = "halo-tales";
    internal const string SharedModel = $"models/{Model}/{FileName}";
    internal const string SharedReference = $"models/{Model}/reference-greedy.json";

    /// <summary>Tokens of <see cref="Text"/>.</summary>
    internal const int Tokens = 200;

    private const string FileName = "halo-tales-F32.gguf";

    /// <summary>The model's file.</summary>
    internal static string File => TestPaths.Shared(SharedModel);

    /// <summary>The reference text.</summary>
    internal static string Text { get; } = Heads.ReferenceText(Model, FileName);

    /// <summary>Whether a completion of fewer tokens is the reference text's beginning: a token is a character and more on average.</summary>
    internal static bool IsBeginning(string text, int tokens) => text.Length > tokens && Text.StartsWith(text, StringComparison.Ordinal);
}
