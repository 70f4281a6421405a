using System.Globalization;
using Halo.Inference.Gguf;

namespace Halo.Inference.Tokenization;

/// <summary>What every kind of vocabulary has: the tokens' texts and kinds, and the tokens with a part to play, read and checked.</summary>
internal sealed class TokenTable
{
    internal const string TokensKey = "tokenizer.ggml.tokens";
    internal const string KindsKey = "tokenizer.ggml.token_type";

    /// <summary>Longest token in UTF-16 units: published ones stay under 300, and each costs a look-up wherever it could begin.</summary>
    internal const int MaxTokenChars = 4096;

    /// <param name="metadata">Of the model file.</param>
    /// <param name="bos">Beginning token where no key names one; -1 for none.</param>
    /// <param name="eos">End token where no key names one; -1 for none.</param>
    /// <param name="unknown">Token for the unknown where no key names one; -1 for none.</param>
    /// <exception cref="GgufFormatException">A key is missing or malformed; the message names it.</exception>
    internal TokenTable(GgufMetadata metadata, int bos, int eos, int unknown)
    {
        Texts = metadata.RequireStringArray(TokensKey);
        Check(Texts.Length > 0, TokensKey, "is empty");
        CheckTexts();
        Kinds = ReadKinds(metadata);
        Bos = TokenId(metadata, "tokenizer.ggml.bos_token_id", bos);
        Eos = TokenId(metadata, "tokenizer.ggml.eos_token_id", eos);
        Unknown = TokenId(metadata, "tokenizer.ggml.unknown_token_id", unknown);
        AddEos = metadata.GetBoolean("tokenizer.ggml.add_eos_token", fallback: false) && Eos >= 0;
        EndTokens = FindEndTokens(metadata);
        Specials = new SpecialTokenScanner(this);
    }

    internal string[] Texts { get; }

    internal TokenKind[] Kinds { get; }

    internal int Bos { get; }

    internal int Eos { get; }

    internal int Unknown { get; }

    internal bool AddEos { get; }

    internal IReadOnlySet<int> EndTokens { get; }

    /// <summary>Finds control, unknown and user-defined tokens, which are found as whole strings and never by merging.</summary>
    internal SpecialTokenScanner Specials { get; }

    internal static void Check(bool holds, string key, string fault)
    {
        if (!holds)
        {
            throw new GgufFormatException($"Metadata key '{key}' {fault}; convert the model again.");
        }
    }

    /// <summary>Refuses an id that is no token.</summary>
    internal void CheckToken(int token) => ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)Texts.Length, nameof(token));

    /// <summary>The byte that a token of kind <see cref="TokenKind.Byte"/> stands for, from a text such as <c>&lt;0x0A&gt;</c>.</summary>
    internal byte ParseByte(int token)
    {
        string text = Texts[token];
        byte value = 0;
        Check(
            text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>'
            && byte.TryParse(text.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value),
            TokensKey,
            $"has byte token {token} with text \"{text}\" instead of the form <0x0A>");
        return value;
    }

    private void CheckTexts()
    {
        Dictionary<string, int> first = new(Texts.Length, StringComparer.Ordinal);
        for (int token = 0; token < Texts.Length; token++)
        {
            string text = Texts[token];
            Check(text.Length <= MaxTokenChars, TokensKey, $"has token {token} of {text.Length:N0} characters, more than {MaxTokenChars:N0}");
            if (text.Length > 0 && !first.TryAdd(text, token))
            {
                Check(false, TokensKey, $"has \"{text}\" twice, as tokens {first[text]} and {token}");
            }
        }
    }

    private TokenKind[] ReadKinds(GgufMetadata metadata)
    {
        int[] kinds = metadata.Contains(KindsKey) ? metadata.RequireInt32Array(KindsKey) : [.. Enumerable.Repeat((int)TokenKind.Normal, Texts.Length)];
        Check(kinds.Length == Texts.Length, KindsKey, $"has {kinds.Length:N0} elements for {Texts.Length:N0} tokens");
        int wrong = Array.FindIndex(kinds, kind => kind is < (int)TokenKind.Undefined or > (int)TokenKind.Byte);
        Check(wrong < 0, KindsKey, $"has {(wrong < 0 ? 0 : kinds[wrong])} for token {wrong}, which is no kind of token");

        // Some converters leave end-of-turn tokens among the words; written by a user they must not end the turn.
        return [.. kinds.Select((kind, token) =>
            kind == (int)TokenKind.Normal && EndTokenTexts.Contains(Texts[token]) ? TokenKind.Control : (TokenKind)kind)];
    }

    // 2^32 - 1 is how some converters write "none".
    private int TokenId(GgufMetadata metadata, string key, int fallback)
    {
        if (!metadata.Contains(key))
        {
            return fallback < Texts.Length ? fallback : -1;
        }

        if (metadata.TryGetInt32(key, out int signed) && signed == -1)
        {
            return -1;
        }

        uint id = metadata.RequireUInt32(key);
        Check(id == uint.MaxValue || id < Texts.Length, key, $"is {id:N0} but there are {Texts.Length:N0} tokens");
        return id == uint.MaxValue ? -1 : (int)id;
    }

    private HashSet<int> FindEndTokens(GgufMetadata metadata)
    {
        HashSet<int> ends = [Bos, Eos];
        foreach (string key in (string[])["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"])
        {
            ends.Add(TokenId(metadata, key, fallback: -1));
        }

        for (int token = 0; token < Texts.Length; token++)
        {
            if (Kinds[token] is TokenKind.Control or TokenKind.UserDefined && EndTokenTexts.Contains(Texts[token]))
            {
                ends.Add(token);
            }
        }

        ends.Remove(-1);
        return ends;
    }
}
