using Halo.Inference.Gguf;

namespace Halo.Inference.Tests.Gguf;

public sealed class GgufFileHostileTests
{
    private const ulong Huge = 1UL << 60;

    public static TheoryData<string, byte[], string> Faults()
    {
        TheoryData<string, byte[], string> faults = new()
        {
            { "empty", [], "is empty (0 bytes)" },
            { "magic", "GGML and more bytes here"u8.ToArray(), "not a GGUF file" },
            { "version 1", new GgufBytes(version: 1).ToArray(), "GGUF version 1" },
            { "version 4", new GgufBytes(version: 4).ToArray(), "GGUF version 4" },
            { "big endian", new GgufBytes(version: 0x03000000).ToArray(), "big endian" },
            { "tensor count", new GgufBytes(tensorCount: Huge).ToArray(), "tensor count is 1,152,921,504,606,846,976" },
            { "tensor count over file", new GgufBytes(tensorCount: 60_000).ToArray(), "cannot hold" },
            { "key count", new GgufBytes(keyCount: ulong.MaxValue).ToArray(), "metadata count" },
            { "key count over file", new GgufBytes(keyCount: 60_000).ToArray(), "cannot hold" },
            { "key length", Keys(1).Number(Huge).Number(0UL).ToArray(), "metadata key 0 claims" },
            { "key empty", Keys(1).Text("").Number(4u).Number(1u).ToArray(), "metadata key 0 is empty" },
            { "key not UTF-8", Keys(1).Number(2UL).Raw(0xC3, 0x28).Number(4u).Number(1u).ToArray(), "not UTF-8" },
            { "key twice", Keys(2).Key("a", 4).Number(1u).Key("a", 4).Number(2u).ToArray(), "'a' occurs twice" },
            { "value type", Keys(1).Key("abc", 13).Number(0UL).ToArray(), "'abc' has unknown value type 13" },
            { "boolean", Keys(1).Key("abc", 7).Number((byte)2).ToArray(), "boolean 'abc' has value 2" },
            { "string length", Keys(1).Key("abc", 8).Number(Huge).ToArray(), "value of 'abc' claims" },
            { "array length", Keys(1).Key("abc", 9).Number(4u).Number(Huge).ToArray(), "element count of 'abc'" },
            { "array over file", Keys(1).Key("abc", 9).Number(8u).Number(1_000_000UL).ToArray(), "cannot hold" },
            { "u64 array over file", Keys(1).Key("abc", 9).Number(10u).Number(4UL).Number(1UL).ToArray(), "elements of 'abc'" },
            { "array of arrays", Keys(1).Key("abc", 9).Number(9u).Number(1UL).Number(0UL).ToArray(), "'abc' is an array of arrays" },
            { "array element type", Keys(1).Key("abc", 9).Number(99u).Number(1UL).Number(0UL).ToArray(), "unknown element type 99" },
            { "alignment 0", Keys(1).Key("general.alignment", 4).Number(0u).ToArray(), "general.alignment is 0" },
            { "alignment 33", Keys(1).Key("general.alignment", 4).Number(33u).ToArray(), "general.alignment is 33" },
            { "alignment text", Keys(1).Key("general.alignment", 8).Text("x").ToArray(), "'general.alignment' is \"x\"" },
            { "alignment huge", Keys(1).Key("general.alignment", 4).Number(1u << 31).ToArray(), "general.alignment is" },
            { "dimension 0", One([8, 0], 0, 0), "dimension 1 of tensor 'w' is 0" },
            { "dimension negative", One([-8, 4], 0, 0), "dimension 0 of tensor 'w' is -8" },
            { "dimension huge", One([long.MaxValue], 0, 0), "dimension 0 of tensor 'w'" },
            { "no dimensions", One([], 0, 0), "has 0 dimensions" },
            { "five dimensions", One([1, 1, 1, 1, 1], 0, 0), "has 5 dimensions" },
            { "product overflows", One([1L << 40, 1L << 40], 0, 0), "larger than any file" },
            { "type id", One([8], 99, 0), "'w' has type id 99" },
            { "type id of removed type", One([32], 4, 0), "'w' has type id 4" },
            { "no whole blocks", One([33], 8, 0), "multiple of the 32" },
            { "misaligned", One([8], 0, 4), "no multiple of the alignment 32" },
            { "offset outside", One([8], 0, 1 << 20), "the file is truncated" },
            { "offset overflows", One([8], 0, ulong.MaxValue - 31), "begins at data offset" },
            { "offset near overflow", One([8], 0, long.MaxValue - 31), "the file is truncated" },
            { "size outside", One([64], 0, 0), "needs 256 bytes at data offset 0 but the data section has 64" },
            { "name too long", new GgufBytes(1).Tensor(new string('n', 257), [8], 0, 0).Data(64).ToArray(), "more than the limit of 256" },
            { "name twice", new GgufBytes(2).Tensor("w", [8], 0, 0).Tensor("w", [8], 0, 32).Data(64).ToArray(), "'w' occurs twice" },
        };
        return faults;
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void Open_Fault_IsRefusedByNameWithoutAllocating(string fault, byte[] content, string expected)
    {
        Assert.NotEmpty(fault);
        using TemporaryFile file = new(content);

        long before = GC.GetAllocatedBytesForCurrentThread();
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(file.Path).Dispose());
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(file.Path, error.Message, StringComparison.Ordinal);
        Assert.InRange(allocated, 0, 8 << 20); // tables of at most 65,536 entries
    }

    [Fact]
    public void Open_Directory_IsRefused()
    {
        using TemporaryFile file = new();

        Assert.Contains("is a directory", Assert.Throws<GgufFormatException>(() => GgufFile.Open(file.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MissingFile_ThrowsFileNotFound()
    {
        using TemporaryFile file = new();

        Assert.Throws<FileNotFoundException>(() => GgufFile.Open(file.Path));
    }

    [Fact]
    public void Open_TruncatedAnywhere_IsRefused()
    {
        // The tensors end at data offset 196; the rest of the data section is padding that a file may lack.
        byte[] whole = GgufBytes.Small();
        int needed = whole.Length - (256 - 196);
        using TemporaryFile file = new();
        for (int length = 0; length < needed; length++)
        {
            File.WriteAllBytes(file.Path, whole[..length]);
            Assert.Throws<GgufFormatException>(() => GgufFile.Open(file.Path).Dispose());
        }

        File.WriteAllBytes(file.Path, whole[..needed]);
        GgufFile.Open(file.Path).Dispose();
    }

    [Fact]
    public void Open_RandomMutations_OpenOrAreRefusedCheaply()
    {
        byte[] whole = GgufBytes.Small();
        int headerBytes = whole.Length - 256;
        Random random = new(20_240_613);
        using TemporaryFile file = new();
        int refused = 0;
        for (int round = 0; round < 1000; round++)
        {
            byte[] mutated = (byte[])whole.Clone();
            for (int change = random.Next(1, 5); change > 0; change--)
            {
                mutated[random.Next(headerBytes)] = random.Next(3) switch { 0 => 0xFF, 1 => 0, _ => (byte)random.Next(256) };
            }

            File.WriteAllBytes(file.Path, mutated);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using GgufFile gguf = GgufFile.Open(file.Path);
                foreach (GgufTensorInfo info in gguf.TensorList)
                {
                    _ = gguf.Data(info)[^1];
                }
            }
            catch (GgufFormatException)
            {
                refused++;
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
        }

        Assert.InRange(refused, 300, 999);
    }

    [Fact]
    public void Open_LongKeyOfControlCharacters_IsNotRepeatedInTheMessage()
    {
        using TemporaryFile file = new(Keys(1).Key("\u001b[2J" + new string('k', 60_000), 99).ToArray());

        string message = Assert.Throws<GgufFormatException>(() => GgufFile.Open(file.Path).Dispose()).Message;

        Assert.InRange(message.Length, 100, 1000);
        Assert.DoesNotContain(message, char.IsControl);
        Assert.Contains(file.Path, message, StringComparison.Ordinal);
        Assert.Contains("unknown value type 99", message, StringComparison.Ordinal);
    }

    private static GgufBytes Keys(ulong count) => new(keyCount: count);

    private static byte[] One(long[] dimensions, uint type, ulong offset) =>
        new GgufBytes(tensorCount: 1).Tensor("w", dimensions, type, offset).Data(64).ToArray();
}
