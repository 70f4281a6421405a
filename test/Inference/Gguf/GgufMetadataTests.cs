using Halo.Inference.Gguf;

namespace Halo.Inference.Tests.Gguf;

public sealed class GgufMetadataTests
{
    [Fact]
    public void RequireInt32_EveryWidth_ConvertsWithoutLoss()
    {
        object[] stored = [(byte)7, (sbyte)7, (ushort)7, (short)7, 7u, 7, 7UL, 7L];
        foreach (object value in stored)
        {
            GgufMetadata metadata = TestMetadata.Of(("k", value));
            Assert.Equal(7, metadata.RequireInt32("k"));
            Assert.Equal(7u, metadata.RequireUInt32("k"));
        }
    }

    [Fact]
    public void Require_ValueThatDoesNotFit_NamesKeyAndValue()
    {
        GgufMetadata metadata = TestMetadata.Of(("big", 1UL << 40), ("negative", -1), ("text", "x"), ("f", 1f));

        Assert.Contains("'big' is 1099511627776", Assert.Throws<GgufFormatException>(() => metadata.RequireUInt32("big")).Message, StringComparison.Ordinal);
        Assert.Throws<GgufFormatException>(() => metadata.RequireUInt32("negative"));
        Assert.Throws<GgufFormatException>(() => metadata.RequireInt32("f"));
        Assert.Throws<GgufFormatException>(() => metadata.RequireSingle("text"));
        Assert.Throws<GgufFormatException>(() => metadata.RequireBoolean("negative"));
        Assert.False(metadata.TryGetUInt32("big", out _));
    }

    [Fact]
    public void Get_MissingKey_GivesTheFallbackButAWrongKindThrows()
    {
        GgufMetadata metadata = TestMetadata.Of(("text", "x"));

        Assert.Equal(9u, metadata.GetUInt32("missing", 9));
        Assert.True(metadata.GetBoolean("missing", true));
        Assert.Throws<GgufFormatException>(() => metadata.GetUInt32("text", 9));
        Assert.Contains("'missing' is missing", Assert.Throws<GgufFormatException>(() => metadata.RequireString("missing")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RequireInt32Array_OtherWidths_AreConverted()
    {
        GgufMetadata metadata = TestMetadata.Of(
            ("u", new uint[] { 1, 2 }), ("big", new uint[] { uint.MaxValue }), ("b", new byte[] { 3 }), ("f", new float[] { 1 }), ("d", new[] { 0.5 }));

        Assert.Equal([1, 2], metadata.RequireInt32Array("u"));
        Assert.Equal([3], metadata.RequireInt32Array("b"));
        Assert.Throws<GgufFormatException>(() => metadata.RequireInt32Array("big"));
        Assert.Throws<GgufFormatException>(() => metadata.RequireInt32Array("f"));
        Assert.Equal([0.5f], metadata.RequireFloatArray("d"));
    }

    [Fact]
    public void Describe_LongArray_IsNotExpanded()
    {
        GgufMetadata metadata = TestMetadata.Of(("a", Enumerable.Range(0, 1000).ToArray()), ("s", new string('x', 1000)));

        Assert.Equal("Int32[1000] { 0, 1, 2, 3, … }", metadata.Describe("a"));
        Assert.True(metadata.Describe("s").Length < 200);
        Assert.Equal(["a", "s"], metadata.Select(pair => pair.Key));
    }
}
