using System.Text.Json;

namespace Halo.Inference.Tests.Model;

/// <summary>Greedy texts of a reference engine, with the steps at which two tokens were nearly alike.</summary>
public sealed record ReferenceRun(string File, string Prompt, int[] Ids, string Text, int FirstNearTie)
{
    public static ReferenceRun Read(string jsonPath, string file, string prompt)
    {
        using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllBytes(jsonPath));
        JsonElement run = document.RootElement.GetProperty("runs").EnumerateArray()
            .First(candidate => candidate.GetProperty("file").GetString() == file && candidate.GetProperty("prompt").GetString() == prompt);
        int[] Ints(string name) => [.. run.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
        int[] ties = [.. run.GetProperty("near_ties").EnumerateArray().Select(tie => tie[0].GetInt32())];
        return new ReferenceRun(file, prompt, Ints("ids"), run.GetProperty("text").GetString()!, ties.Length == 0 ? int.MaxValue : ties.Min());
    }
}
