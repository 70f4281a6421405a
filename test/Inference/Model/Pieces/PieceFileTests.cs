using System.Buffers.Binary;
using System.Security.Cryptography;
using Halo.Inference.Kernels;
using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Quantization;

namespace Halo.Inference.Tests.Model.Pieces;

public sealed unsafe class PieceFileTests
{
    private static readonly PieceId s_neurons = new(PieceKind.FeedForward, 1, 1, 1);

    public static TheoryData<TensorType> Types => [TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q8_0, TensorType.Q4_0];

    // Heads of 8 in pairs lie in the middle of blocks of 32, and 40 tokens are one whole group and a part of one.
    [Theory]
    [MemberData(nameof(Types))]
    public void Matrix_OfEveryKindAndRange_HasTheBytesThatTheModelFileGives(TensorType type)
    {
        using TemporaryFile file = RandomModel(type).Write();
        using ModelWeights weights = ModelWeights.Open(file.Path);
        using PieceFolder folder = new(weights);
        foreach (PieceKind kind in Enum.GetValues<PieceKind>())
        {
            foreach ((int first, int count) in new[] { (0, 1), (1, 1), (0, 2) })
            {
                PieceId id = new(kind, kind == PieceKind.Vocabulary ? PieceId.OutputLayer : 1, first, count);
                using PieceFile piece = folder.Open(id);
                MatrixCut[] cuts = weights.Layout.Cut(id);
                for (int i = 0; i < cuts.Length; i++)
                {
                    using SlicedMatrix expected = SlicedMatrix.Of(weights.View(id.Layer, cuts[i]), cuts[i], repack: true);
                    using SlicedMatrix actual = piece.Matrix(i);
                    Assert.Equal(expected.Offset, actual.Offset);
                    Assert.Equal(0, actual.CopiedBytes);
                    Assert.Equal(0, (nint)actual.Matrix.Data % 64);
                    AssertSame(expected.Matrix, actual.Matrix);
                }
            }
        }

        int block = TensorTypes.BlockColumns(type);
        Assert.Equal(16 % block, weights.Layout.Cut(new PieceId(PieceKind.Attention, 0, 1, 1))[3].OwnColumn);
    }

    [Fact]
    public void Open_OfTheSamePieceTwice_GivesTheSameBytes()
    {
        using ModelWeights weights = ModelWeights.Open(TestPaths.BundledModel);
        ModelManifest manifest = ModelManifest.Of("tales", PieceFolder.MadeUpHash, weights);
        PieceCutter cutter = new(weights, manifest);
        byte[] whole = ReadAll(cutter.Open(s_neurons));
        Assert.Equal(PieceFormat.FileBytes(manifest, s_neurons), whole.Length);

        // In bites of odd sizes, and again from the start.
        using Stream stream = cutter.Open(s_neurons);
        for (int bite = 1; bite < 2000; bite += 997)
        {
            stream.Position = 0;
            List<byte> eaten = [];
            byte[] buffer = new byte[bite];
            for (int count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
            {
                eaten.AddRange(buffer.AsSpan(0, count));
            }

            Assert.Equal(whole, eaten);
        }
    }

    // The header is what boards of other releases and machines read: its places are fixed.
    [Fact]
    public void Header_OfAPiece_LiesAsDocumented()
    {
        using TemporaryFile file = RandomModel(TensorType.F32).Write();
        using ModelWeights weights = ModelWeights.Open(file.Path);
        using PieceFolder folder = new(weights);
        byte[] bytes = folder.Bytes(s_neurons);
        Assert.Equal("HALOPIEC"u8, bytes.AsSpan(0, 8));
        Assert.Equal([2, 3], Numbers(bytes, 8, 2));
        Assert.Equal(Convert.FromHexString(PieceFolder.MadeUpHash), bytes[16..48]);
        Assert.Equal([1, 1, 1, 1], Numbers(bytes, 48, 4));
        Assert.Equal(bytes.Length - 4096, BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(64)));
        Assert.Equal(SHA256.HashData(bytes.AsSpan(4096)), bytes[72..104]);
        Assert.Equal([0, 32, 32, 0], Numbers(bytes, 104, 4));
        Assert.Equal([128, 0, 4096, 0, 4096, 0], Numbers(bytes, 144 + 16, 6));
        Assert.All(bytes[(104 + 3 * 40)..4096], value => Assert.Equal(0, value));
    }

    [Fact]
    public void Open_ByteChangedAnywhere_IsRefused()
    {
        using TemporaryFile file = RandomModel(TensorType.Q8_0).Write();
        using ModelWeights weights = ModelWeights.Open(file.Path);
        using PieceFolder folder = new(weights);
        string path = folder.Cut(s_neurons);
        byte[] good = folder.Bytes(s_neurons);
        foreach (int at in Enumerable.Range(0, good.Length).Where(at => at < 240 || at % 61 == 0 || at == good.Length - 1))
        {
            byte[] bad = [.. good];
            bad[at] ^= 0x10;
            File.WriteAllBytes(path, bad);
            Assert.Throws<PieceException>(() =>
            {
                using PieceFile piece = PieceFile.Open(path, folder.Manifest, s_neurons);
                piece.CheckPayload();
            });
        }

        foreach (int length in new[] { 0, 1, 4095, 4096, good.Length - 1 })
        {
            File.WriteAllBytes(path, good[..length]);
            string message = Assert.Throws<PieceException>(() => PieceFile.Open(path, folder.Manifest, s_neurons)).Message;
            Assert.Contains($"1-feed-forward-1-1 of made has {length} bytes", message, StringComparison.Ordinal);
        }

        File.WriteAllBytes(path, good);
        folder.Open(s_neurons).Dispose();
    }

    [Fact]
    public void CheckHeader_OfSomethingElse_SaysWhatItIs()
    {
        using TemporaryFile file = RandomModel(TensorType.F32).Write();
        using ModelWeights weights = ModelWeights.Open(file.Path);
        using PieceFolder folder = new(weights);
        byte[] header = folder.Bytes(s_neurons)[..4096];
        ModelManifest other = ModelManifest.Of("other", new string('a', 64), weights);
        Assert.Contains("another model file", Fault(header, other, s_neurons), StringComparison.Ordinal);
        Assert.Contains("another piece", Fault(header, folder.Manifest, s_neurons with { Layer = 0 }), StringComparison.Ordinal);
        Assert.Contains("does not begin as a piece", Fault(new byte[4096], folder.Manifest, s_neurons), StringComparison.Ordinal);
        Assert.Contains("4095 of 4096", Fault(header[..4095], folder.Manifest, s_neurons), StringComparison.Ordinal);
        header[8] = 1;
        Assert.Contains("format version 2", Fault(header, folder.Manifest, s_neurons), StringComparison.Ordinal);
    }

    [Fact]
    public void Cutter_ManifestOfAnotherModel_IsRefused()
    {
        using ModelWeights weights = ModelWeights.Open(TestPaths.BundledModel);
        using ModelWeights again = ModelWeights.Open(TestPaths.BundledModel);
        ModelManifest manifest = ModelManifest.Of("tales", PieceFolder.MadeUpHash, weights);
        Assert.Throws<ArgumentException>(() => new PieceCutter(again, manifest));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PieceCutter(weights, manifest).Open(s_neurons with { Layer = 1000 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PieceCutter(weights, manifest).Open(s_neurons with { Kind = (PieceKind)3 }));
    }

    private static string Fault(byte[] header, ModelManifest manifest, PieceId id) =>
        Assert.Throws<PieceException>(() => PieceFormat.CheckHeader(header, manifest, id)).Message;

    private static int[] Numbers(byte[] bytes, int at, int count) =>
        [.. Enumerable.Range(0, count).Select(i => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at + 4 * i)))];

    private static byte[] ReadAll(Stream stream)
    {
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        stream.Dispose();
        return copy.ToArray();
    }

    private static void AssertSame(in WeightMatrix expected, in WeightMatrix actual)
    {
        Assert.Equal((expected.Type, expected.Rows, expected.Columns), (actual.Type, actual.Rows, actual.Columns));
        Assert.Equal((expected.Layout, expected.ByteCount), (actual.Layout, actual.ByteCount));
        ReadOnlySpan<byte> expectedBytes = new(expected.Data, (int)expected.ByteCount);
        Assert.True(expectedBytes.SequenceEqual(new ReadOnlySpan<byte>(actual.Data, (int)actual.ByteCount)), "Bytes differ.");
    }

    private static MadeModel RandomModel(TensorType type)
    {
        Random random = new(7);
        MadeModel model = new() { Fill = random.NextBytes };
        foreach (string tensor in model.Tensors.Keys.Where(name => !name.Contains("norm", StringComparison.Ordinal)).ToList())
        {
            model.SetType(tensor[..^".weight".Length], type);
        }

        return model;
    }
}
