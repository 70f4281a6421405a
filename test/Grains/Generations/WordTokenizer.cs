using System.Text;
using Halo.Inference.Tokenization;

namespace Halo.Grains.Tests.Generations;

/// <summary>Tokens with given bytes; 0 ends a text, 1 begins it, and the words follow from 2 on.</summary>
internal sealed class WordTokenizer : ITokenizer
{
    internal const int End = 0;
    internal const int Bos = 1;

    private readonly byte[][] _bytes;

    internal WordTokenizer(params byte[][] words) => _bytes = [[], [], .. words];

    internal static WordTokenizer Of(params string[] words) => new([.. words.Select(Encoding.UTF8.GetBytes)]);

    public int VocabularySize => _bytes.Length;

    public int BosToken => Bos;

    public int EosToken => End;

    public bool AddBos => true;

    public bool AddSpacePrefix => true;

    public IReadOnlySet<int> EndTokens { get; } = new HashSet<int> { End };

    public int[] Encode(string text, bool addBos, bool parseSpecial = false) => throw new NotSupportedException();

    public ReadOnlySpan<byte> TokenBytes(int token) => _bytes[token];

    public string TokenText(int token) => Encoding.UTF8.GetString(_bytes[token]);

    public string Decode(ReadOnlySpan<int> tokens) => string.Concat(tokens.ToArray().Select(TokenText));
}
