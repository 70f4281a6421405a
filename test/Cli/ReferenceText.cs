using System.Text.Json;

namespace Halo.Cli.Tests;

/// <summary>Greedy texts of stories260K that another engine wrote: 200 tokens after a prompt.</summary>
internal static class ReferenceText
{
    internal const string Prompt = "Once upon a time";

    internal static string Of(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Shared(CommandLine.StoryReference)));
        return document.RootElement.GetProperty("runs").EnumerateArray()
            .First(run => run.GetProperty("file").GetString() == file && run.GetProperty("prompt").GetString() == Prompt)
            .GetProperty("text").GetString()!;
    }
}
