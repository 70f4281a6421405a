using Halo.Inference.Gguf;
using Halo.Inference.Padding;

namespace Halo.Inference.Tests.Padding;

public sealed class ModelShapeTests
{
    [Fact]
    public void Parse_NameOrNumbers_GivesTheShape()
    {
        Assert.Equal(new ModelShape(2048, 5632, 22, 32, 4), ModelShape.Parse("TinyLlama-1.1B"));
        Assert.Equal(new ModelShape(768, 2048, 12, 12, 4), ModelShape.Parse(" 768, 2048,12,12,4"));
        Assert.All(ModelShape.Names, name => Assert.Empty(ModelShape.Parse(name).Faults()));
        Assert.Equal(64, ModelShape.Parse("tinyllama-1.1b").HeadDim);
        Assert.Equal((32_000, 128_256), (ModelShape.Parse("tinyllama-1.1b").PublishedVocabulary, ModelShape.Parse("Llama-3.2-1B").PublishedVocabulary));
        Assert.Null(ModelShape.Parse("64,96,3,4,2").PublishedVocabulary);
    }

    [Theory]
    [InlineData("gpt-5", "neither a known name (stories75m, tinyllama-1.1b")]
    [InlineData("1,2,3,4", "five numbers")]
    [InlineData("768,2048,x,12,4", "'x' is not a whole number")]
    [InlineData("768,2048,12,12,5", "12 is no multiple of the KV head count 5")]
    [InlineData("770,2048,12,12,4", "770 is no multiple of the head count 12")]
    [InlineData("36,2048,12,12,4", "= 3 is odd")]
    [InlineData("768,0,-1,12,4", "intermediate size is 0")]
    [InlineData("768,2048,12,12,0", "KV head count is 0")]
    [InlineData("768,99999999999,12,12,4", "not a whole number")]
    public void Parse_Fault_IsNamed(string text, string expected)
    {
        string message = Assert.Throws<FormatException>(() => ModelShape.Parse(text)).Message;

        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(text, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_BundledModel_IsItsShape()
    {
        using GgufFile gguf = GgufFile.Open(TestPaths.BundledModel);

        Assert.Equal(new ModelShape(256, 768, 6, 8, 4), ModelShape.Of(gguf));
    }
}
