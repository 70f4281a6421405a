namespace Halo.Inference.Tokenization;

/// <summary>Turns text into token ids and back. Immutable after construction: any number of threads may use one.</summary>
public interface ITokenizer
{
    /// <summary>Number of tokens; ids run from 0 to one less.</summary>
    int VocabularySize { get; }

    /// <summary>Token a text begins with, or -1.</summary>
    int BosToken { get; }

    /// <summary>Token a text ends with by the file's metadata, or -1.</summary>
    int EosToken { get; }

    /// <summary>Whether the model expects <see cref="BosToken"/> before a prompt.</summary>
    bool AddBos { get; }

    /// <summary>
    /// Whether the model was trained with <see cref="EosToken"/> after each text. Encoding never adds it: after a prompt it would say that there is nothing
    /// left to generate.
    /// </summary>
    bool AddEos => false;

    /// <summary>Whether encoding puts a space before the first word, which decoding a whole text takes off again.</summary>
    bool AddSpacePrefix { get; }

    /// <summary>
    /// Tokens that end a generation: end of text, end of turn, and BOS too, because story models end a story by beginning the next.
    /// </summary>
    IReadOnlySet<int> EndTokens { get; }

    /// <summary>
    /// Token ids of a text. With <paramref name="parseSpecial"/>, control tokens written out in the text are recognised; leave it off
    /// for text that a user wrote. Characters the vocabulary cannot express become the unknown token.
    /// </summary>
    int[] Encode(string text, bool addBos, bool parseSpecial = false);

    /// <summary>
    /// Token ids of a prompt whose parts come from different hands, encoded as the one text they make up. Control tokens are recognised in trusted parts
    /// alone, and there wholly: no words of others can form one, not even together with a trusted part. So it is with user-defined tokens that trusted
    /// parts use too.
    /// </summary>
    int[] Encode(IReadOnlyList<TextSegment> segments, bool addBos) =>
        [.. segments.SelectMany((segment, i) => Encode(segment.Text, addBos && i == 0, segment.IsTrusted))];

    /// <summary>Bytes a token adds to a text: UTF-8, perhaps a part of a character; none for control and unknown tokens.</summary>
    ReadOnlySpan<byte> TokenBytes(int token);

    /// <summary>The token as the vocabulary writes it, for people: <c>▁Once</c>, <c>&lt;0x0A&gt;</c>, <c>&lt;s&gt;</c>.</summary>
    string TokenText(int token);

    /// <summary>
    /// Text of a whole sequence, without the space that <see cref="AddSpacePrefix"/> put before it: <c>Decode(Encode(text))</c> is
    /// <c>text</c>. For the continuation of a prompt use <see cref="StreamingDetokenizer"/>, which keeps a leading space.
    /// </summary>
    string Decode(ReadOnlySpan<int> tokens);
}
