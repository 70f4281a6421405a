namespace Halo.Inference.Tests.Model;

/// <summary>The models that forward passes are tested on: the bundled one always, those of the shared folder where it is there.</summary>
internal static class TestModels
{
    internal const string Bundled = "bundled (Q8_0)";

    private static readonly Dictionary<string, string> s_paths = new()
    {
        [Bundled] = TestPaths.BundledModel,
        ["stories260K-F32"] = TestPaths.Shared("models/stories260K/stories260K-F32.gguf"),
        ["stories260K-F16"] = TestPaths.Shared("models/stories260K/stories260K-F16.gguf"),
        ["stories260K-Q8_0mix"] = TestPaths.Shared("models/stories260K/stories260K-Q8_0mix.gguf"),
        ["stories260K-Q4_0mix"] = TestPaths.Shared("models/stories260K/stories260K-Q4_0mix.gguf"),
        ["halo-tales-F32"] = TestPaths.Shared("models/halo-tales/halo-tales-F32.gguf"),
        ["halo-tales-F16"] = TestPaths.Shared("models/halo-tales/halo-tales-F16.gguf"),
    };

    internal static string PathOf(string name) => s_paths[name];

    /// <summary>The names of all models whose file is here.</summary>
    internal static IEnumerable<string> Present => s_paths.Where(model => File.Exists(model.Value)).Select(model => model.Key);
}
