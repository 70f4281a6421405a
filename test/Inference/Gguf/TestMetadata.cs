using Halo.Inference.Gguf;

namespace Halo.Inference.Tests.Gguf;

internal static class TestMetadata
{
    internal static GgufMetadata Of(params (string Key, object Value)[] entries) =>
        new("test.gguf", [.. entries.Select(entry => entry.Key)], entries.ToDictionary(entry => entry.Key, entry => entry.Value));
}
