using Halo.Inference.Gguf;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Tests.Tokenization;

public sealed class TokenCountBoundTests
{
    [Theory]
    [InlineData("")]
    [InlineData("Once upon a time, there was a little girl named Lily.")]
    [InlineData("🙂🙂🙂 漢字 é \n\t")]
    public void LeastTokens_AnyText_IsNoMoreThanItsTokens(string text)
    {
        using GgufFile file = GgufFile.Open(TestPaths.BundledModel);
        AssertBound(TokenizerFactory.Create(file.Metadata), text);
    }

    // Its tokens are single characters, and what it does not know becomes one token without bytes.
    [SharedFact("models/babyllama105/babyllama105-Q4_0.gguf")]
    public void LeastTokens_UnknownCharacters_AreCountedAsOneToken()
    {
        using GgufFile file = GgufFile.Open(TestPaths.Shared("models/babyllama105/babyllama105-Q4_0.gguf"));
        AssertBound(TokenizerFactory.Create(file.Metadata), string.Concat(Enumerable.Repeat("🙂", 100)));
    }

    private static void AssertBound(ITokenizer tokenizer, string text) =>
        Assert.InRange(new TokenCountBound(tokenizer).LeastTokens(text), 0, tokenizer.Encode(text, addBos: false).Length);
}
