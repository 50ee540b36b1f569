# ruff: noqa
# fmt: off
import torch
import random
from torch import nn
class net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a=nn.Linear(784,50)
        self.b=nn.Linear(50,50)
        self.c=nn.Linear(50,50)
        self.d=nn.Linear(50,50)
        self.e=nn.Linear(50,10)
    def forward(self,x):
        x=self.a(x).relu()
        x=self.b(x).relu()
        x=self.c(x).relu()
        x=self.d(x).relu()
        return self.e(x)
def build_model():
    m=net()
    return m
def train(model,dataset,epochs=50,batch_size=200,lr=0.02):
    opt=torch.optim.SGD(model.parameters(),lr=lr)
    lossf=nn.CrossEntropyLoss()
    data=[dataset[i] for i in range(len(dataset))]
    L=[]
    for e in range(epochs):
        random.shuffle(data)
        i=0
        tot=0
        while i<len(data):
            b=data[i:i+batch_size]
            i=i+batch_size
            x=torch.stack([k[0] for k in b])
            y=torch.tensor([int(k[1]) for k in b])
            l=lossf(model(x),y)
            l.backward()
            opt.step()
            for p in model.parameters():
                p.grad.zero_()
            tot=tot+l.item()*len(b)
        L.append(tot/len(data))
    return L
