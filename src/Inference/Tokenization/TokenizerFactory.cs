using Halo.Inference.Gguf;
using Halo.Inference.Tokenization.BytePairs;

namespace Halo.Inference.Tokenization;

/// <summary>Chooses the tokenizer that a model file asks for.</summary>
public static class TokenizerFactory
{
    internal const string ModelKey = "tokenizer.ggml.model";

    /// <summary>Builds the tokenizer described by the <c>tokenizer.ggml.*</c> keys.</summary>
    /// <exception cref="GgufFormatException">A key is missing or malformed, or the kind of tokenizer is not supported.</exception>
    public static ITokenizer Create(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        string model = metadata.RequireString(ModelKey);
        return model switch
        {
            "llama" => new SentencePieceTokenizer(metadata),
            "gpt2" => new BytePairTokenizer(metadata),
            "bert" => throw Unsupported(model, "WordPiece"),
            "t5" => throw Unsupported(model, "SentencePiece unigram"),
            "rwkv" => throw Unsupported(model, "RWKV trie"),
            _ => throw Unsupported(model, "unknown kind"),
        };
    }

    private static GgufFormatException Unsupported(string model, string kind) => new(
        $"{ModelKey} is '{model}' ({kind}), which is not supported yet; only 'llama' (SentencePiece BPE) and 'gpt2' (byte-level BPE) are.");
}
