using System.Text.Json.Nodes;
using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;

namespace Halo.Inference.Tests.Model.Pieces;

public sealed class ModelManifestTests
{
    public static TheoryData<string, string, string> HostileValues => new()
    {
        { "formatVersion", "1", "format version 1 is not 2" },
        { "config.architecture", "\"opt\"", "architecture 'opt'" },
        { "config.architecture", "\"gpt2\"", "learned positions" },
        { "config.architecture", "\"qwen2\"", "layer 0 has no vector 'QueryBias'" },
        { "config.slidingWindow", "7", "slidingWindow is 7" },
        { "name", "\"\"", "name is empty" },
        { "sha256", "\"00\"", "sha256 '00'" },
        { "sha256", $"\"{new string('g', 64)}\"", "64 hexadecimal digits" },
        { "fileBytes", "0", "0 bytes" },
        { "pieceBytes", "1", "pieceBytes is 1" },
        { "pieceBytes", "2147483647", "pieceBytes is 2147483647" },
        { "neuronGroupSize", "0", "neuronGroupSize is 0" },
        { "neuronGroupSize", "33", "not whole quantisation blocks" },
        { "config.hiddenSize", "-64", "hiddenSize is -64" },
        { "config.hiddenSize", "33", "not whole blocks" },
        { "config.hiddenSize", "1073741824", "hiddenSize is 1073741824" },
        { "config.intermediateSize", "0", "intermediateSize is 0" },
        { "config.layerCount", "1000000", "layerCount is 1000000" },
        { "config.layerCount", "7", "of 7 layers" },
        { "config.headCount", "0", "headCount is 0" },
        { "config.headCount", "10000000", "too wide" },
        { "config.kvHeadCount", "3", "no multiple of kvHeadCount 3" },
        { "config.kvHeadCount", "1000", "kvHeadCount is 1000" },
        { "config.headDim", "16777217", "headDim is 16777217" },
        { "config.rotaryDim", "7", "rotaryDim 7 is odd" },
        { "config.rotaryDim", "100000", "rotaryDim is 100000" },
        { "config.vocabularySize", "0", "vocabularySize is 0" },
        { "config.contextLength", "2147483647", "contextLength is 2147483647" },
        { "config.normEpsilon", "0", "normEpsilon is 0" },
        { "config.ropeBase", "1", "ropeBase is 1" },
        { "config.name", "null", "cannot be read" },
        { "layers", "[]", "for 0 of " },
        { "layers.1", "null", "layer 1 has no types" },
        { "layers.0.down", "\"Q3_K\"", "type Q3_K of layer 0's down projection" },
        { "layers.0.query", "12345", "type 12345 of layer 0" },
        { "layers.0.gate", "\"none\"", "cannot be read" },
        { "embedding", "\"Q2_K\"", "embedding table" },
        { "head", "\"Q2_K\"", "LM head" },
        { "layers.0.gate", "null", "layer 0's gate" },
        { "vectors", "[]", "for 0 of " },
        { "vectors.0", "null", "layer 0 has no vector 'AttentionNorm'" },
        { "vectors.0", "{}", "layer 0 has no vector 'AttentionNorm'" },
        { "vectors.0.AttentionNorm", "\"AAAA\"", "vectors[0].AttentionNorm has 3 bytes" },
        { "vectors.1.FeedForwardNorm", "null", "vectors[1].FeedForwardNorm has 0 bytes" },
        { "vectors.1.FeedForwardNorm", "\"*\"", "cannot be read" },
        { "vectors.0.QueryBias", "\"AAAA\"", "vectors[0].QueryBias has 3 bytes" },
        { "vectors.0.QueryNorm", "\"AAAA\"", "vector 'QueryNorm' of layer 0 is none of" },
        { "vectors.0.Norms", "\"AAAA\"", "vector 'Norms' of layer 0" },
        { "outputNormBias", "\"AAAA\"", "outputNormBias does not suit" },
        { "ropeFrequencies", "\"AAAA\"", "ropeFrequencies has 3 bytes" },
        { "ropeMagnitude", "0", "ropeMagnitude is 0" },
        { "outputNorm", "\"\"", "outputNorm has 0 bytes" },
        { "outputNorm", "null", "cannot be read" },
    };

    [Fact]
    public void FromJson_OfToJson_DescribesTheSameModel()
    {
        using ModelWeights weights = ModelWeights.Open(TestPaths.BundledModel);
        ModelManifest made = ModelManifest.Of("tales", PieceFolder.MadeUpHash.ToUpperInvariant(), weights, 1 << 16);
        ModelManifest read = ModelManifest.FromJson(made.ToJson());
        Assert.Equal(("tales", PieceFolder.MadeUpHash, 1 << 16), (read.Name, read.Sha256, read.PieceBytes));
        Assert.Equal(new FileInfo(TestPaths.BundledModel).Length, read.FileBytes);
        Assert.Equal(weights.Config, read.Layout.Config);
        Assert.Equal(weights.Layout.Layers, read.Layout.Layers);
        Assert.Equal(
            (weights.Layout.HeadGroupBytes, weights.Layout.NeuronGroupBytes, weights.Layout.TokenGroupBytes, weights.Layout.EmbeddingBytes),
            (read.Layout.HeadGroupBytes, read.Layout.NeuronGroupBytes, read.Layout.TokenGroupBytes, read.Layout.EmbeddingBytes));
        Assert.Equal(made.ToJson(), read.ToJson());
    }

    [Theory]
    [MemberData(nameof(HostileValues))]
    public void FromJson_HostileValue_SaysWhatIsWrong(string place, string value, string message)
    {
        using ModelWeights weights = ModelWeights.Open(TestPaths.BundledModel);
        JsonNode document = JsonNode.Parse(ModelManifest.Of("tales", PieceFolder.MadeUpHash, weights).ToJson())!;
        string[] steps = place.Split('.');
        JsonNode parent = document;
        foreach (string step in steps[..^1])
        {
            parent = parent is JsonArray entries ? entries[int.Parse(step, null)]! : parent[step]!;
        }

        if (parent is JsonArray array)
        {
            array[int.Parse(steps[^1], null)] = JsonNode.Parse(value);
        }
        else
        {
            Assert.True(place.StartsWith("vectors.", StringComparison.Ordinal) || parent.AsObject().ContainsKey(steps[^1]), $"A manifest has no {place}.");
            parent[steps[^1]] = JsonNode.Parse(value);
        }

        Assert.Contains(message, Assert.Throws<PieceException>(() => ModelManifest.FromJson(document.ToJsonString())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"formatVersion\":2}")]
    public void FromJson_OfSomethingElse_IsRefused(string json) => Assert.Throws<PieceException>(() => ModelManifest.FromJson(json));

    [Fact]
    public void FromJson_ContextThatFillsTheMemory_IsRefused()
    {
        using ModelWeights weights = ModelWeights.Open(TestPaths.BundledModel);
        JsonNode document = JsonNode.Parse(ModelManifest.Of("tales", PieceFolder.MadeUpHash, weights).ToJson())!;
        document["config"]!["contextLength"] = 1 << 20;
        document["config"]!["headDim"] = 1 << 20;
        document["config"]!["rotaryDim"] = 1 << 20;
        Assert.Contains(
            "contextLength 1048576 with rotaryDim 1048576",
            Assert.Throws<PieceException>(() => ModelManifest.FromJson(document.ToJsonString())).Message,
            StringComparison.Ordinal);
    }
}
